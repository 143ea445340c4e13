"""How fast a model will answer: an estimate from the memory's bandwidth, never a measurement.

Every new token reads all weights it uses once, so bandwidth divided by those bytes bounds the speed.
"""

from __future__ import annotations

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.memory import tensor_bytes
from octavo.engine.kernels.layout import kv_cache_bytes
from octavo.engine.quantize.quantizer import Plan

# The share of the bandwidth that decoding reaches, the rest goes to attention, norms and waiting
# (design/kernels.md, table 3e: 79 to 96 %).
_EFFICIENCY = 0.85


def bytes_per_token(
    card: ModelCard, plan: Plan | None, *, context_tokens: int = 0, kv_type: str = "f16"
) -> int:
    """Bytes read from memory for one new token with ``context_tokens`` in the cache.

    Of an embedding that is no output matrix only one row is read; of experts only those that are used.
    """
    shape = card.hyperparameters
    types = plan.types if plan is not None else {}
    is_tied = not any(each.name == "output.weight" for each in card.tensors)
    total = kv_cache_bytes(shape, context_tokens, kv_type)
    for tensor in card.tensors:
        if tensor.name == "token_embd.weight" and not is_tied:
            continue
        n_bytes = tensor_bytes(tensor, types)
        is_expert = shape.n_experts > 0 and tensor.is_expert
        total += n_bytes * shape.n_experts_used // shape.n_experts if is_expert else n_bytes
    return total


def tokens_per_second(
    card: ModelCard, plan: Plan | None, bandwidth: float, *, context_tokens: int = 0, kv_type: str = "f16"
) -> float:
    """Estimated tokens per second while answering.

    Parameters
    ----------
    bandwidth : float
        Bytes per second that this computer reads from memory.
    """
    read = bytes_per_token(card, plan, context_tokens=context_tokens, kv_type=kv_type)
    return _EFFICIENCY * bandwidth / read
