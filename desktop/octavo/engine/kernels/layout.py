"""How weights and caches lie in memory while a model runs; pure arithmetic, shared by the loader and the estimates.

Weights are repacked at load so that 16 rows advance together: 4 columns of 16 rows are 64 bytes, one vector.
A group of 16 rows is its scales (``meta``), padded to whole cache lines, then its quantized weights block by block.
One copy serves decode (matrix-vector) and prefill (matrix-matrix).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from octavo.engine.blocks.types import BlockType
from octavo.engine.kernels.expert_layout import CHOICE, blocks_bytes, choices_bytes

GROUP_ROWS = 16
CACHE_LINE = 64
BLOCK = 32  # columns that one activation scale covers
ACTIVATION_BYTES = 64  # one record: int8[32], float32 scale, int32 and float32 sums
MAX_BATCH = 512  # tokens in one prefill step
KEY_BLOCK = 16  # positions that lie together in the key cache
MAX_SPLITS = 16  # pieces into which one head's attention is cut for the threads


class ModelShape(Protocol):
    """What of a model's hyper-parameters decides memory."""

    @property
    def n_layers(self) -> int: ...  # noqa: D102
    @property
    def n_embedding(self) -> int: ...  # noqa: D102
    @property
    def n_feed_forward(self) -> Sequence[int]: ...  # noqa: D102
    @property
    def n_heads(self) -> Sequence[int]: ...  # noqa: D102
    @property
    def n_kv_heads(self) -> Sequence[int]: ...  # noqa: D102
    @property
    def key_size(self) -> int: ...  # noqa: D102
    @property
    def value_size(self) -> int: ...  # noqa: D102
    @property
    def n_vocabulary(self) -> int: ...  # noqa: D102
    @property
    def sliding_window(self) -> int: ...  # noqa: D102
    @property
    def is_local(self) -> Sequence[bool]: ...  # noqa: D102
    @property
    def n_experts(self) -> int: ...  # noqa: D102
    @property
    def n_experts_used(self) -> int: ...  # noqa: D102
    @property
    def n_expert_feed_forward(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class PackedLayout:
    """One block type packed: bytes of 16 rows for every ``n_weights`` columns.

    Parameters
    ----------
    n_weights : int
        Columns that share a record of scales: 1, or 32 to 256.
    meta_bytes, quant_bytes : int
        Of 16 rows times ``n_weights`` columns.
    """

    n_weights: int
    meta_bytes: int
    quant_bytes: int

    def meta_area(self, columns: int) -> int:
        """Bytes of a group's scales, padded."""
        return round_up(columns // self.n_weights * self.meta_bytes, CACHE_LINE)

    def group_bytes(self, columns: int) -> int:
        """Bytes of 16 rows."""
        return self.meta_area(columns) + columns // self.n_weights * self.quant_bytes


LAYOUTS = {
    "F32": PackedLayout(1, 0, 64),
    "F16": PackedLayout(1, 0, 32),
    "BF16": PackedLayout(1, 0, 32),
    "Q8_0": PackedLayout(32, 32, 512),
    "Q4_0": PackedLayout(32, 32, 256),
    "Q4_1": PackedLayout(32, 64, 256),
    "Q5_0": PackedLayout(32, 32, 320),
    "Q5_1": PackedLayout(32, 64, 320),
    "Q2_K": PackedLayout(256, 320, 1024),
    "Q3_K": PackedLayout(256, 288, 1536),
    "Q4_K": PackedLayout(256, 320, 2048),
    "Q5_K": PackedLayout(256, 320, 2560),
    "Q6_K": PackedLayout(256, 288, 3072),
    "IQ4_NL": PackedLayout(32, 32, 256),
    "IQ4_XS": PackedLayout(256, 160, 2048),
    "MXFP4": PackedLayout(32, 16, 256),
    "INT4_G32": PackedLayout(32, 48, 256),
    "INT4_G64": PackedLayout(64, 48, 512),
    "INT4_G128": PackedLayout(128, 48, 1024),
}


def round_up(size: int, unit: int) -> int:
    """The next multiple of ``unit``."""
    return -(-size // unit) * unit


def packed_bytes(block_type: BlockType, rows: int, columns: int) -> int:
    """Bytes of a matrix as the kernels hold it.

    Raises
    ------
    KeyError
        For a block type without a kernel.
    """
    return round_up(rows, GROUP_ROWS) // GROUP_ROWS * LAYOUTS[block_type.name].group_bytes(columns)


def cache_positions(context_tokens: int, window: int) -> int:
    """Positions that one layer's cache holds: the context, or a ring of the window and one batch."""
    full = round_up(context_tokens, KEY_BLOCK)
    if not window:
        return full
    return min(full, round_up(window + min(MAX_BATCH, context_tokens), KEY_BLOCK) + KEY_BLOCK)


def cache_vector_bytes(size: int, kv_type: str) -> int:
    """Bytes of one head's key or value at one position: f16, f32, or q8_0 (int8 and a scale for every 32)."""
    if kv_type != "q8_0":
        return size * (2 if kv_type == "f16" else 4)
    return size + 2 * (size // BLOCK)


def layer_cache_positions(shape: ModelShape, layer: int, context_tokens: int) -> int:
    """Positions in the cache of ``layer``."""
    is_local = bool(shape.is_local) and shape.is_local[layer]
    return cache_positions(context_tokens, shape.sliding_window if is_local else 0)


def kv_cache_bytes(shape: ModelShape, context_tokens: int, kv_type: str = "f16") -> int:
    """Bytes of all keys and values for ``context_tokens``; ``kv_type`` is ``f16`` or ``q8_0``."""
    return sum(_layers_cache_bytes(shape, context_tokens, kv_type))


def largest_layer_cache_bytes(shape: ModelShape, context_tokens: int, kv_type: str) -> int:
    """Bytes of the keys and values of that layer which needs the most."""
    return max(_layers_cache_bytes(shape, context_tokens, kv_type))


def _layers_cache_bytes(shape: ModelShape, context_tokens: int, kv_type: str) -> list[int]:
    vectors = cache_vector_bytes(shape.key_size, kv_type) + cache_vector_bytes(shape.value_size, kv_type)
    # A slider prices many formats at each step: layers are of two kinds, each worked out once.
    whole = vectors * cache_positions(context_tokens, 0)
    if not any(shape.is_local):
        return [heads * whole for heads in shape.n_kv_heads[: shape.n_layers]]
    windowed = vectors * cache_positions(context_tokens, shape.sliding_window)
    return [
        shape.n_kv_heads[layer] * (windowed if shape.is_local[layer] else whole)
        for layer in range(shape.n_layers)
    ]


def batch_tokens(context_tokens: int) -> int:
    """Tokens of the largest prefill step."""
    return min(MAX_BATCH, context_tokens)


def activation_row_bytes(columns: int) -> int:
    """Bytes of one token's packed activations."""
    return round_up(columns, BLOCK) // BLOCK * ACTIVATION_BYTES


@dataclass(frozen=True)
class WorkingSizes:
    """Float32 numbers and bytes that one token needs in each working buffer."""

    residual: int
    heads: int
    attention: int
    feed_forward: int
    widest: int


def working_sizes(shape: ModelShape) -> WorkingSizes:
    """The widths of the working buffers."""
    attention = max(n * shape.value_size for n in shape.n_heads)
    heads = max(
        n * shape.key_size + kv * (shape.key_size + shape.value_size)
        for n, kv in zip(shape.n_heads, shape.n_kv_heads, strict=True)
    )
    feed_forward = 0 if shape.n_experts else max(shape.n_feed_forward)
    pad = GROUP_ROWS
    return WorkingSizes(
        residual=round_up(shape.n_embedding, pad),
        heads=round_up(heads, pad) + 2 * pad,
        attention=round_up(attention, pad),
        feed_forward=2 * round_up(feed_forward, pad),
        widest=round_up(max(shape.n_embedding, attention, feed_forward, shape.n_expert_feed_forward), BLOCK),
    )


@dataclass(frozen=True)
class ExpertSizes:
    """Bytes for each token (router, choices), and for each expert that it goes through."""

    router: int
    choices: int
    floats: int
    records: int
    inner: int

    def of_token(self, n_used: int) -> int:
        """All that one token needs."""
        return self.router + self.choices + n_used * (self.floats + self.records + self.inner)


def expert_sizes(shape: ModelShape) -> ExpertSizes:
    """The widths of the buffers that a mixture of experts needs beside the others."""
    return ExpertSizes(
        router=4 * round_up(shape.n_experts, GROUP_ROWS),
        choices=CHOICE * shape.n_experts_used,
        floats=4 * round_up(shape.n_embedding, GROUP_ROWS),
        records=activation_row_bytes(shape.n_embedding),
        inner=4 * round_up(shape.n_expert_feed_forward, BLOCK),
    )


def working_bytes(shape: ModelShape, context_tokens: int, n_threads: int = 1) -> int:
    """Bytes of the buffers that exist beside weights and cache."""
    sizes = working_sizes(shape)
    batch = batch_tokens(context_tokens)
    per_token = 4 * (2 * sizes.residual + sizes.heads + sizes.attention + sizes.feed_forward + sizes.widest)
    per_token += activation_row_bytes(sizes.widest)
    if shape.n_experts:
        per_token += expert_sizes(shape).of_token(shape.n_experts_used)
    logits = 4 * round_up(shape.n_vocabulary, GROUP_ROWS)
    return batch * per_token + logits + n_threads * thread_bytes(shape, context_tokens)


def panel_bytes(columns: int) -> int:
    """Bytes of a group of 16 rows decoded for prefill, whatever the kind: float32 needs the most."""
    return round_up(columns, BLOCK) * 64


def thread_bytes(shape: ModelShape, context_tokens: int) -> int:
    """Bytes of one thread's own buffers: panels, one packed activation, attention scores."""
    sizes = working_sizes(shape)
    heads = max(shape.n_heads)
    scores = 4 * 8 * (round_up(context_tokens, KEY_BLOCK) + KEY_BLOCK)
    partial = 4 * heads * MAX_SPLITS * (shape.value_size + 32)
    if shape.n_experts:
        batch = batch_tokens(context_tokens)
        partial += choices_bytes(shape.n_experts, shape.n_experts_used, batch) + blocks_bytes(batch)
    return (
        4 * panel_bytes(sizes.widest)
        + activation_row_bytes(sizes.widest)
        + 8 * sizes.widest
        + scores
        + partial
    )
