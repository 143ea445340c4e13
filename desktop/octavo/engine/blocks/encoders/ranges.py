"""Which compiled encoder writes which type, and how rows are shared out to threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from octavo.engine.blocks.arrays import Bytes, Floats
from octavo.engine.blocks.encoders import (
    affine_256,
    importance,
    iq4,
    mxfp4,
    q2_k,
    q3_k,
    q6_k,
    q8_0,
    round_32,
    weighted_32,
)
from octavo.engine.blocks.types import BlockType
from octavo.engine.simd.jit import Entry

# Fewer weights than this are not worth a thread of their own.
_WORTH_A_THREAD = 1 << 17


class _Rows(NamedTuple):
    """Part of a matrix: addresses of its first row, and its shape in blocks."""

    source: int
    target: int
    importance: int
    n_rows: int
    row_blocks: int

    @property
    def n_blocks(self) -> int:
        return self.n_rows * self.row_blocks


def _scratch(n_bytes: int) -> Bytes:
    """Bytes that begin on a cache line."""
    raw = np.zeros(n_bytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n_bytes]


def _encode_q8_0(rows: _Rows) -> None:
    q8_0.encode(rows.source, rows.target, 0, rows.n_blocks)


def _encode_mxfp4(rows: _Rows) -> None:
    mxfp4.encode(rows.source, rows.target, 0, rows.n_blocks)


def _encode_32(
    plain: Callable[..., int], weighted: Callable[..., int], n_bits: int
) -> Callable[[_Rows], None]:
    def encode(rows: _Rows) -> None:
        if not rows.importance:
            plain(rows.source, rows.target, 0, rows.n_blocks, n_bits)
            return
        means = np.empty(rows.n_rows, np.float32)
        importance.mean_squares(rows.source, means.ctypes.data, rows.row_blocks * 32, 0, rows.n_rows)
        scratch = _scratch(weighted_32.SCRATCH_BYTES)
        weighted(
            rows.source,
            rows.target,
            rows.importance,
            means.ctypes.data,
            rows.row_blocks,
            0,
            rows.n_blocks,
            scratch.ctypes.data,
            n_bits,
        )

    return encode


def _encode_searched(
    searched: Callable[..., int], scratch_bytes: int, *which: int
) -> Callable[[_Rows], None]:
    def encode(rows: _Rows) -> None:
        scratch = _scratch(scratch_bytes)
        searched(
            rows.source,
            rows.target,
            rows.importance,
            rows.row_blocks,
            0,
            rows.n_blocks,
            scratch.ctypes.data,
            *which,
        )

    return encode


_ENCODERS: dict[str, Callable[[_Rows], None]] = {
    "Q8_0": _encode_q8_0,
    "Q4_0": _encode_32(round_32.encode_symmetric, weighted_32.encode_symmetric, 4),
    "Q4_1": _encode_32(round_32.encode_affine, weighted_32.encode_affine, 4),
    "Q5_0": _encode_32(round_32.encode_symmetric, weighted_32.encode_symmetric, 5),
    "Q5_1": _encode_32(round_32.encode_affine, weighted_32.encode_affine, 5),
    "Q2_K": _encode_searched(q2_k.encode, q2_k.SCRATCH_BYTES),
    "Q3_K": _encode_searched(q3_k.encode, q3_k.SCRATCH_BYTES),
    "Q4_K": _encode_searched(affine_256.encode, affine_256.SCRATCH_BYTES, 4),
    "Q5_K": _encode_searched(affine_256.encode, affine_256.SCRATCH_BYTES, 5),
    "Q6_K": _encode_searched(q6_k.encode, q6_k.SCRATCH_BYTES),
    "IQ4_NL": _encode_searched(iq4.encode, iq4.SCRATCH_BYTES, 1),
    "IQ4_XS": _encode_searched(iq4.encode, iq4.SCRATCH_BYTES, 8),
    "MXFP4": _encode_mxfp4,
}

# What is compiled for a type, and what for one whose columns have importances.
_ENTRIES: dict[str, tuple[Entry, ...]] = {
    "Q8_0": (q8_0.encode,),
    "MXFP4": (mxfp4.encode,),
    **dict.fromkeys(("Q4_0", "Q5_0"), (round_32.encode_symmetric,)),
    **dict.fromkeys(("Q4_1", "Q5_1"), (round_32.encode_affine,)),
    "Q2_K": (q2_k.encode,),
    "Q3_K": (q3_k.encode,),
    **dict.fromkeys(("Q4_K", "Q5_K"), (affine_256.encode,)),
    "Q6_K": (q6_k.encode,),
    **dict.fromkeys(("IQ4_NL", "IQ4_XS"), (iq4.encode,)),
}
_WEIGHTED_ENTRIES: dict[str, tuple[Entry, ...]] = {
    **_ENTRIES,
    **dict.fromkeys(("Q4_0", "Q5_0"), (weighted_32.encode_symmetric, importance.mean_squares)),
    **dict.fromkeys(("Q4_1", "Q5_1"), (weighted_32.encode_affine, importance.mean_squares)),
}


def encoder_entries(names: Iterable[str], *, weighted: bool = False) -> list[Entry]:
    """What ``encode_rows`` calls for the named block types, the slowest to compile first; nothing for floats."""
    found = dict.fromkeys(each for name in names for each in _entries(name, weighted=weighted))
    return sorted(found, key=lambda each: each not in (affine_256.encode, q6_k.encode))


def _entries(name: str, *, weighted: bool) -> tuple[Entry, ...]:
    # A matrix without importances may stand beside others.
    both = (_ENTRIES, _WEIGHTED_ENTRIES) if weighted else (_ENTRIES,)
    return tuple(each for table in both for each in table.get(name, ()))


def encode_rows(
    weights: Floats, raw: Bytes, block_type: BlockType, importance: Floats | None, n_threads: int
) -> None:
    """Fill ``raw`` uint8[rows, row_bytes] from float32[rows, columns]; all arrays contiguous."""
    n_rows, columns = weights.shape
    n_parts = max(1, min(n_threads, n_rows, weights.size // _WORTH_A_THREAD))
    bounds = [n_rows * part // n_parts for part in range(n_parts + 1)]
    parts = [
        _Rows(
            weights.ctypes.data + first * weights.strides[0],
            raw.ctypes.data + first * raw.strides[0],
            0 if importance is None else importance.ctypes.data,
            last - first,
            columns // block_type.n_weights,
        )
        for first, last in pairwise(bounds)
    ]
    encode = _ENCODERS[block_type.name]
    if n_parts == 1:
        encode(parts[0])
        return
    # No rows at first: what is not compiled yet is compiled once, here, not in each thread.
    encode(parts[0]._replace(n_rows=0))
    with ThreadPoolExecutor(n_parts) as pool:
        # Drawing the results raises what a thread raised.
        list(pool.map(encode, parts))
