"""What of a file other programs (llama.cpp, vLLM) could put into a graphics memory; Octavo itself does not use it.

llama.cpp takes layers whole, the last ones first, and the output matrix with them: weights as they lie in the file,
the cache in f16 or q8_0, and a buffer for computing. It gives each layer of a sliding window only the window's
positions, padded, and a batch of 512 tokens. The buffer holds the logits of a batch, float32, and CUDA itself takes
some hundred MB; both are counted before any layer. One GiB is left, as its ``--fit`` leaves by default
(``common.h``, ``fit_params_target``): ``tests/benchmarks/fit.md`` has its figures beside ours.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.memory import loaded_tensors
from octavo.engine.estimate.remember import remembered
from octavo.engine.estimate.verdict import readable_bytes
from octavo.engine.hardware.pools import MemoryPool
from octavo.engine.kernels.layout import MAX_BATCH, cache_vector_bytes, layer_cache_positions
from octavo.engine.quantize.quantizer import Plan

# CUDA's context and llama.cpp's kernels: 300 to 500 MB by the card's generation, as users report.
_DRIVER_BYTES = 400_000_000
_SPARE_BYTES = 1 << 30


@dataclass(frozen=True)
class GraphicsFit:
    """What fits into one graphics memory.

    Parameters
    ----------
    pool : str
        Its name.
    total_bytes, free_bytes : int
        What all of the model needs there, and what is free.
    n_layers, of_layers : int
        Layers that fit, and those there are; the output matrix counts as one, as in llama.cpp's ``-ngl``.
    formula : str
        How it was worked out, with its figures.
    """

    pool: str
    total_bytes: int
    free_bytes: int
    n_layers: int
    of_layers: int
    formula: str

    @property
    def fits(self) -> bool:
        """Whether all of it fits."""
        return self.n_layers == self.of_layers


def graphics_fit(
    card: ModelCard, plan: Plan | None, pool: MemoryPool, *, context_tokens: int, kv_type: str = "f16"
) -> GraphicsFit:
    """Count the layers that fit into what is free."""
    shape = card.hyperparameters
    layers, output = _file_bytes(card, plan)
    vectors = cache_vector_bytes(shape.key_size, kv_type) + cache_vector_bytes(shape.value_size, kv_type)
    needs = [
        layers[n] + shape.n_kv_heads[n] * layer_cache_positions(shape, n, context_tokens) * vectors
        for n in range(shape.n_layers)
    ]
    buffers = _DRIVER_BYTES + 4 * min(MAX_BATCH, context_tokens) * (shape.n_vocabulary + shape.n_embedding)
    left = pool.free_bytes - _SPARE_BYTES - buffers
    n_layers = 0
    for need in [output, *reversed(needs)]:
        if need > left:
            break
        left -= need
        n_layers += 1
    per_layer = sum(needs) // max(1, len(needs))
    formula = (
        f"({readable_bytes(pool.free_bytes)} free - {readable_bytes(_SPARE_BYTES)} to spare - "
        f"{readable_bytes(buffers)} buffers - {readable_bytes(output)} output) / {readable_bytes(per_layer)} a layer"
    )
    return GraphicsFit(
        pool=pool.name,
        total_bytes=buffers + output + sum(needs),
        free_bytes=pool.free_bytes,
        n_layers=n_layers,
        of_layers=shape.n_layers + 1,
        formula=formula,
    )


@remembered
def _file_bytes(card: ModelCard, plan: Plan | None) -> tuple[defaultdict[int, int], int]:
    """Bytes of each layer as they lie in the file, and of the output matrix."""
    types = plan.types if plan is not None else {}
    layers: defaultdict[int, int] = defaultdict(int)
    output = embedding = 0
    for tensor in loaded_tensors(card):
        n_bytes = tensor.rows * types.get(tensor.name, tensor.block_type).row_bytes(tensor.columns)
        place, _, rest = tensor.name.removeprefix("blk.").partition(".")
        if rest and place.isdigit():
            layers[int(place)] += n_bytes
        elif tensor.name == "token_embd.weight":  # stays in the main memory, unless it is the output too
            embedding = n_bytes
        else:
            output += n_bytes
    has_output = any(each.name == "output.weight" for each in card.tensors)
    return layers, output if has_output else output + embedding
