"""Whether two models may be in memory at once while they are compared."""

from __future__ import annotations

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import NotEnoughMemory
from octavo.engine.estimate.memory import estimate_memory
from octavo.engine.estimate.program import program_bytes
from octavo.engine.estimate.verdict import FITS_SHARE, told_apart

KV_TYPE = "f16"
"""As in a chat; both models have it."""

# Of a token of the vocabulary: 64 rows of float32 logits for each model, and 255 rows of 16-bit codes.
_COMPARISON_BYTES = 2 * 64 * 4 + 255 * 2
# While a quantizer makes the weights: four threads with some 7 M weights each, as float32 and in pieces.
_ENCODING_BYTES = 250_000_000


def both_fit(
    model: ModelCard,
    reference: ModelCard | None,
    *,
    context_tokens: int,
    n_threads: int,
    available_bytes: int,
) -> bool:
    """Whether both models fit together into nine tenths of what is available.

    Raises
    ------
    NotEnoughMemory
        One of them does not even fit alone.
    """
    cards = [model] if reference is None else [model, reference]
    shared = program_bytes(model)
    beside = _COMPARISON_BYTES * model.hyperparameters.n_vocabulary
    beside += _ENCODING_BYTES if reference is not None and model.path == reference.path else 0
    own = [
        estimate_memory(
            each, None, context_tokens=context_tokens, kv_type=KV_TYPE, n_threads=n_threads
        ).total_bytes
        - program_bytes(each)
        for each in cards
    ]
    allowed = int(FITS_SHARE * available_bytes)
    needed = shared + beside + max(own)
    if needed > allowed:
        wanted, free = told_apart(needed, available_bytes)
        share = f", of which it may take {FITS_SHARE:.0%}" if needed <= available_bytes else ""
        raise NotEnoughMemory(
            f"Measuring needs {wanted} of memory, {free} are free{share}.",
            "Close other programs, or measure a smaller model.",
            needed=needed,
            available=available_bytes,
        )
    return shared + beside + sum(own) <= allowed
