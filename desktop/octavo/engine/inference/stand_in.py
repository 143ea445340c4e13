"""A model of zeros, made in memory, that takes as long as a real one of its shape: to time the kernels."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from octavo.engine.blocks.types import BlockType
from octavo.engine.checkpoint.model import Hyperparameters
from octavo.engine.inference.memory import ModelWeights
from octavo.engine.inference.session import Session
from octavo.engine.kernels.layout import GROUP_ROWS
from octavo.engine.kernels.weights import Weights

_GROUPS_AT_ONCE = 16


@dataclass(frozen=True)
class Shape:
    """A llama's widths; ``n_heads`` heads share ``n_kv_heads`` of the cache."""

    n_layers: int
    width: int
    feed_forward: int
    n_heads: int
    n_kv_heads: int
    n_vocabulary: int = 256

    def matrices(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of the matrices of one layer."""
        kv = self.width // self.n_heads * self.n_kv_heads
        return {
            "attn_q": (self.width, self.width),
            "attn_k": (kv, self.width),
            "attn_v": (kv, self.width),
            "attn_output": (self.width, self.width),
            "ffn_gate": (self.feed_forward, self.width),
            "ffn_up": (self.feed_forward, self.width),
            "ffn_down": (self.width, self.feed_forward),
        }

    @property
    def n_weights(self) -> int:
        """Weights of all layers."""
        return self.n_layers * sum(rows * columns for rows, columns in self.matrices().values())

    @property
    def n_columns(self) -> int:
        """Columns into and out of the matrices of all layers."""
        return self.n_layers * sum(rows + columns for rows, columns in self.matrices().values())


@dataclass(frozen=True)
class StandIn:
    """A session over zeros, and the seconds that packing a byte took one thread."""

    session: Session
    shape: Shape
    packing_seconds: float


def make_stand_in(
    shape: Shape, block_type: BlockType, *, context_tokens: int, kv_type: str, n_threads: int
) -> StandIn:
    """Build the model; its kernels must be compiled."""
    weights = ModelWeights()
    n_bytes, packing = 0, 0.0
    sizes = {"token_embd": (shape.n_vocabulary, shape.width)}
    for layer in range(shape.n_layers):
        sizes |= {f"blk.{layer}.{name}": size for name, size in shape.matrices().items()}
        for name in ("attn_norm", "ffn_norm"):
            weights.vectors[f"blk.{layer}.{name}.weight"] = np.ones(shape.width, np.float32)
    weights.vectors["output_norm.weight"] = np.ones(shape.width, np.float32)
    for name, (rows, columns) in sizes.items():
        weights.matrices[f"{name}.weight"] = matrix = Weights(block_type, rows, columns)
        # Twice: the first time takes fresh memory, which is timed by itself.
        _fill(matrix)
        started = time.perf_counter()
        n_bytes += _fill(matrix)
        packing += time.perf_counter() - started
    session = Session(_parameters(shape), weights, None, context_tokens, kv_type, n_threads)
    return StandIn(session, shape, packing / n_bytes)


def _fill(matrix: Weights) -> int:
    zeros = np.zeros((_GROUPS_AT_ONCE * GROUP_ROWS, matrix.block_type.row_bytes(matrix.columns)), np.uint8)
    steps = range(0, matrix.n_groups, _GROUPS_AT_ONCE)
    return sum(
        matrix.fill(lambda _, n: zeros[:n], n, min(n + _GROUPS_AT_ONCE, matrix.n_groups)) for n in steps
    )


def _parameters(shape: Shape) -> Hyperparameters:
    size = shape.width // shape.n_heads
    return Hyperparameters(
        architecture="llama",
        n_layers=shape.n_layers,
        n_embedding=shape.width,
        n_feed_forward=(shape.feed_forward,) * shape.n_layers,
        n_heads=(shape.n_heads,) * shape.n_layers,
        n_kv_heads=(shape.n_kv_heads,) * shape.n_layers,
        key_size=size,
        value_size=size,
        context_length=1 << 20,
        n_vocabulary=shape.n_vocabulary,
        norm_epsilon=1e-5,
    )
