"""Heads cached and attended by the program's own operations, and in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tests.engine.kernels.programs import Floats, Grid, Machine

from octavo.engine.kernels import layout, state
from octavo.engine.kernels.attention import ATTEND_ENTRIES
from octavo.engine.kernels.weights import allocate

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Heads:
    """The shape of one layer's attention; ``capacity`` positions of cache in the ``kind`` f16, q8_0 or f32."""

    n_heads: int = 4
    n_kv_heads: int = 2
    key_size: int = 32
    value_size: int = 32
    capacity: int = 64
    kind: str = "f16"
    window: int = 0
    cap: float = 0.0
    scale: float = 0.2
    n_pairs: int = 0
    is_interleaved: bool = False

    @property
    def kind_number(self) -> int:
        """As the kernels number kinds."""
        return ("f16", "q8_0", "f32").index(self.kind)

    @property
    def columns(self) -> tuple[int, int, int]:
        """Numbers of all queries, keys and values of a token."""
        return (
            self.n_heads * self.key_size,
            self.n_kv_heads * self.key_size,
            self.n_kv_heads * self.value_size,
        )


class Layer:
    """Buffers, a cache and a program for one layer."""

    def __init__(
        self,
        heads: Heads,
        *,
        batch: int = 64,
        n_threads: int = 1,
        frequencies: Numbers | None = None,
        norms: tuple[Floats, Floats] | None = None,
    ) -> None:
        self.heads = heads
        self._batch = batch
        self._frequencies = np.ones(1) if frequencies is None else frequencies
        self._norms = norms
        self.input = Grid(batch, sum(heads.columns))
        self._table = Grid(batch, 2 * max(1, heads.n_pairs))
        positions = heads.n_kv_heads * heads.capacity
        self.keys = allocate(positions * layout.cache_vector_bytes(heads.key_size, heads.kind))
        self.values = allocate(positions * layout.cache_vector_bytes(heads.value_size, heads.kind))
        self._out = Grid(batch, heads.n_heads * heads.value_size)
        self._parts = allocate(heads.n_heads * layout.MAX_SPLITS * (64 + 4 * heads.value_size))
        self.machine = Machine(n_threads)
        self._write_program()

    def _write_program(self) -> None:
        h, table, out = self.heads, self._table, self._out
        q = self.input.address
        k = q + 4 * h.columns[0]
        v = k + 4 * h.columns[1]
        sizes = (h.n_heads, h.n_kv_heads, h.key_size, h.value_size)
        cache = (self.keys.ctypes.data, self.values.ctypes.data, h.capacity, h.kind_number)
        norms = [each.ctypes.data for each in self._norms] if self._norms else [0, 0]
        add = self.machine.add
        add(state.ROPE_TABLE, self._frequencies.ctypes.data, h.n_pairs, table.address, table.stride, 1.0)
        add(
            state.HEADS, q, k, v, self.input.stride, *sizes, table.address, table.stride,
            h.n_pairs, int(h.is_interleaved), *norms, 1e-6, *cache,
        )  # fmt: skip
        entry = ATTEND_ENTRIES[h.kind_number].address
        add(
            state.ATTEND, q, self.input.stride, *sizes, *cache, h.window, h.scale, h.cap,
            out.address, out.stride, self._parts.ctypes.data, entry,
        )  # fmt: skip
        n = h.n_heads * h.value_size
        add(
            state.PREPARE_HEADS, out.address, out.stride, n, 0, 0.0, out.address, out.stride, 0, 0, 0, flags=0
        )

    def attend(self, q: Floats, k: Floats, v: Floats, batches: Sequence[int]) -> Floats:
        """Feed the tokens in ``batches``; float32[tokens, heads, value_size]."""
        h = self.heads
        results = []
        start = 0
        for n in batches:
            part = slice(start, start + n)
            rows = np.concatenate([each[part].reshape(n, -1) for each in (q, k, v)], axis=1)
            self.input.values[:n] = rows
            assert self.machine.run(n, position=start)
            width = h.n_heads * h.value_size
            found = self.machine.floats(width)[None] if n == 1 else self._out.values[:n]
            results.append(found.copy().reshape(n, h.n_heads, h.value_size))
            start += n
        return np.concatenate(results)

    def __enter__(self) -> Layer:
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.__exit__(None, None, None)


def tokens(heads: Heads, n: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Random queries, keys and values: float32[n, heads, size]."""
    random = np.random.default_rng(seed)
    return (
        random.standard_normal((n, heads.n_heads, heads.key_size)).astype(np.float32) * np.float32(2),
        random.standard_normal((n, heads.n_kv_heads, heads.key_size)).astype(np.float32),
        random.standard_normal((n, heads.n_kv_heads, heads.value_size)).astype(np.float32),
    )


def cached(x: Floats, kind: str) -> Numbers:
    """What numbers are after they lay in a cache."""
    if kind == "q8_0":
        q, scales = cached_bytes(x)
        return (q * scales[..., None].astype(np.float64)).reshape(x.shape)
    return x.astype(np.float16 if kind == "f16" else np.float32).astype(np.float64)


def cached_bytes(x: Floats) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float16]]:
    """Groups of 32 as bytes, with a scale each."""
    groups = x.reshape(*x.shape[:-1], -1, 32)
    scales = np.abs(groups).max(axis=-1) / np.float32(127)
    inverse = np.divide(np.float32(1), scales, where=scales > 0, out=np.zeros_like(scales))
    return np.rint(groups * inverse[..., None]).astype(np.int8), scales.astype(np.float16)


def attention(heads: Heads, q: Floats, k: Floats, v: Floats) -> Numbers:
    """Softmax attention of every token to those before it, float64[tokens, heads, value_size]."""
    group = heads.n_heads // heads.n_kv_heads
    keys = np.repeat(cached(k, heads.kind), group, axis=1)
    values = np.repeat(cached(v, heads.kind), group, axis=1)
    scores = np.einsum("thd,shd->hts", q.astype(np.float64), keys) * heads.scale
    if heads.cap:
        scores = heads.cap * np.tanh(scores / heads.cap)
    distance = np.arange(len(q))[:, None] - np.arange(len(q))
    hidden = distance < 0
    if heads.window:
        hidden |= distance >= heads.window
    scores[:, hidden] = -np.inf
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.einsum("hts,shd->thd", weights / weights.sum(axis=-1, keepdims=True), values)
