"""How much memory a model takes while it runs: the same arithmetic as the loader's.

Weights are counted as the kernels lay them out, the KV cache by context and type, the working buffers by
the widths of the model; only the program itself is a measured constant. The whole context counts, whether or not
it is in use: memory that fills up while one chats must have been promised before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.checkpoint.model import ModelCard, TensorInfo
from octavo.engine.checkpoint.needed_tensors import used_tensors
from octavo.engine.errors import UnsupportedModel
from octavo.engine.estimate.program import program_bytes
from octavo.engine.estimate.remember import remembered
from octavo.engine.kernels.layout import (
    MAX_BATCH,
    cache_vector_bytes,
    kv_cache_bytes,
    layer_cache_positions,
    packed_bytes,
    round_up,
    working_bytes,
)
from octavo.engine.quantize.quantizer import Plan

DEFAULT_CONTEXT = 8192
_CONTEXT_STEP = 256
_HUGE_PAGE = 2 << 20


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes of each part, and of all."""

    weights_bytes: int
    kv_bytes: int
    working_bytes: int
    program_bytes: int

    @property
    def total_bytes(self) -> int:
        """All parts together."""
        return self.weights_bytes + self.kv_bytes + self.working_bytes + self.program_bytes


def estimate_memory(
    card: ModelCard, plan: Plan | None, *, context_tokens: int, kv_type: str = "f16", n_threads: int = 1
) -> MemoryEstimate:
    """What the model takes, as it is (``plan`` None) or as ``plan`` would make it.

    Raises
    ------
    UnsupportedModel
        If a tensor has a block type without a kernel: its cost is unknown, and is not guessed.
    """
    shape = card.hyperparameters
    return MemoryEstimate(
        weights_bytes=weights_bytes(card, plan),
        kv_bytes=kv_cache_bytes(shape, context_tokens, kv_type),
        working_bytes=working_bytes(shape, context_tokens, n_threads),
        program_bytes=program_bytes(card),
    )


def loaded_tensors(card: ModelCard) -> list[TensorInfo]:
    """The tensors that the loader reads: not those of heads or images that the family does not know."""
    return _loaded_tensors(card, None)


@remembered
def _loaded_tensors(card: ModelCard, plan: Plan | None) -> list[TensorInfo]:
    return used_tensors(card.hyperparameters, card.tensors)


@remembered
def weights_bytes(card: ModelCard, plan: Plan | None) -> int:
    """Bytes of all weights as the kernels hold them."""
    types = plan.types if plan is not None else {}
    kinds = Counter((types.get(each.name, each.block_type).name, each.shape) for each in loaded_tensors(card))
    return sum(
        n * tensor_bytes(TensorInfo("", shape, block_type(name)), {}) for (name, shape), n in kinds.items()
    )


def default_context(
    card: ModelCard, plan: Plan | None, available_bytes: int, *, kv_type: str = "f16", n_threads: int = 1
) -> int:
    """The context to offer: the file's own, at most 8 192, at most what fits; 0 if nothing fits.

    The context that a file asks for is a wish: some ask for a million tokens.
    """
    fitting = largest_context(card, plan, available_bytes, kv_type=kv_type, n_threads=n_threads)
    return min(fitting, DEFAULT_CONTEXT)


def largest_context(
    card: ModelCard, plan: Plan | None, allowed_bytes: int, *, kv_type: str = "f16", n_threads: int = 1
) -> int:
    """The longest context, at most the file's, with which the model takes ``allowed_bytes``; 0 if none does.

    A multiple of 256 tokens, or the file's own context where that is reached.
    """
    fixed = weights_bytes(card, plan) + program_bytes(card)

    def with_context(context_tokens: int) -> int:
        return fixed + context_bytes(card, context_tokens, kv_type=kv_type, n_threads=n_threads)

    return longest_context(card, with_context, allowed_bytes)


def context_bytes(card: ModelCard, context_tokens: int, *, kv_type: str, n_threads: int) -> int:
    """Bytes of the cache and the working buffers."""
    shape = card.hyperparameters
    return kv_cache_bytes(shape, context_tokens, kv_type) + working_bytes(shape, context_tokens, n_threads)


def taken_bytes(card: ModelCard, context_tokens: int, *, kv_type: str, n_threads: int) -> int:
    """Of the cache and the buffers, the bytes that are resident before the first prompt, at most.

    Buffers are taken whole, of every head's cache the pages of the first batch; pages are huge where the system
    gives such.
    """
    shape = card.hyperparameters
    vectors = [cache_vector_bytes(each, kv_type) for each in (shape.key_size, shape.value_size)]
    cache = 0
    for layer, heads in enumerate(shape.n_kv_heads):
        positions = layer_cache_positions(shape, layer, context_tokens)
        for n_bytes in vectors:
            first = round_up(min(positions, MAX_BATCH) * n_bytes, _HUGE_PAGE)
            cache += heads * min(positions * n_bytes, first)
    return cache + working_bytes(shape, context_tokens, n_threads)


def longest_context(card: ModelCard, needed_bytes: Callable[[int], int], allowed_bytes: int) -> int:
    """As ``largest_context``, with what is needed for a context as a function that grows with it."""
    own = card.hyperparameters.context_length
    if needed_bytes(own) <= allowed_bytes:
        return own
    low, high = 0, -(-own // _CONTEXT_STEP)
    while high - low > 1:
        middle = (low + high) // 2
        if needed_bytes(middle * _CONTEXT_STEP) <= allowed_bytes:
            low = middle
        else:
            high = middle
    return low * _CONTEXT_STEP


def tensor_bytes(tensor: TensorInfo, types: Mapping[str, BlockType]) -> int:
    """Bytes of one tensor as the kernels hold it; a type in ``types`` stands for its own."""
    if not tensor.is_matrix:  # norms and biases are held as float32
        return 4 * tensor.n_weights
    return _matrix_bytes(types.get(tensor.name, tensor.block_type), tensor.shape)


# A model has many matrices, but few shapes; a window prices all of them for every plugin.
@lru_cache(1024)
def _matrix_bytes(block_type: BlockType, shape: tuple[int, ...]) -> int:
    *experts, rows, columns = shape
    try:
        return math.prod(experts) * packed_bytes(block_type, rows, columns)
    except KeyError as error:
        raise UnsupportedModel(
            f"Weights of the type {block_type.name} cannot be used for chat yet.",
            "Convert the model to Q8_0 or Q4_K_M first.",
        ) from error
