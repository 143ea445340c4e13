"""Encode Q4_0, Q4_1, Q5_0 and Q5_1 with an importance matrix: 32 blocks are searched at a time."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders import search_affine as affine
from octavo.engine.blocks.encoders import search_symmetric as symmetric
from octavo.engine.blocks.encoders.importance import weigh
from octavo.engine.blocks.encoders.lanes import to_lanes
from octavo.engine.blocks.encoders.pack_32 import pack
from octavo.engine.simd.arithmetic import add, round_to_i32, splat_f32, zero_i32
from octavo.engine.simd.jit import entry, kernel, separate
from octavo.engine.simd.memory import get_f32, load_f32, put_f16, store_f32

# Where the arrays to work in lie, from ``scratch``.
_X, _W, _STEPS, _NATURAL, _RESULT = 0, 4096, 8192, 12288, 16384
SCRATCH_BYTES = 16896


@separate
def _to_lanes_weighted(
    source: int, importance: int, means: int, row_blocks: int, first: int, n: int, scratch: int
) -> int:
    """Lay up to 32 blocks, and what their weights count, into the lanes of two sets."""
    for block in range(first, first + n):
        mean = get_f32(means + block // row_blocks * 4)
        x, counts = source + block * 128, importance + block % row_blocks * 128
        natural = scratch + _NATURAL + (block - first) * 128
        store_f32(natural, weigh(load_f32(x), load_f32(counts), mean))
        store_f32(natural + 64, weigh(load_f32(x + 64), load_f32(counts + 64), mean))
    for half in range(2):
        # A set that would be empty repeats the first.
        skipped = 16 * half if n > 16 * half else 0
        n_here = min(16, n - skipped)
        to_lanes(source + (first + skipped) * 128, n_here, 32, scratch + _X + half * affine.SET)
        to_lanes(scratch + _NATURAL + skipped * 128, n_here, 32, scratch + _W + half * affine.SET)
    return 0


@kernel
def _symmetric_steps(x, inverse: np.float32, n_max: np.float32):
    if inverse == np.float32(0):
        return zero_i32()
    top = splat_f32(n_max)
    return round_to_i32(add(symmetric.symmetric_step(x, splat_f32(inverse), top), top))


@entry
def encode_symmetric(
    source: int,
    target: int,
    importance: int,
    means: int,
    row_blocks: int,
    first: int,
    last: int,
    scratch: int,
    n_bits: int,
) -> int:
    """Write blocks ``first`` to ``last`` of Q4_0 (``n_bits`` 4) or Q5_0 (5) from float32[..., 32]."""
    n_bytes, n_max = 18 if n_bits == 4 else 22, np.float32(1 << (n_bits - 1))
    result = scratch + _RESULT
    for start in range(first, last, 32):
        n = min(32, last - start)
        _to_lanes_weighted(source, importance, means, row_blocks, start, n, scratch)
        symmetric.search_symmetric(scratch + _X, scratch + _W, n_max, 32, result)
        symmetric.search_symmetric(
            scratch + _X + affine.SET, scratch + _W + affine.SET, n_max, 32, result + affine.RESULT
        )
        for k in range(n):
            x, out = source + (start + k) * 128, target + (start + k) * n_bytes
            found = result + k // 16 * affine.RESULT + k % 16 * 4
            put_f16(out, get_f32(found + symmetric.SCALE))
            inverse = get_f32(found + symmetric.INVERSE)
            low = _symmetric_steps(load_f32(x), inverse, n_max)
            pack(out + 2, low, _symmetric_steps(load_f32(x + 64), inverse, n_max), n_bits)
    return 0


@entry
def encode_affine(
    source: int,
    target: int,
    importance: int,
    means: int,
    row_blocks: int,
    first: int,
    last: int,
    scratch: int,
    n_bits: int,
) -> int:
    """Write blocks ``first`` to ``last`` of Q4_1 (``n_bits`` 4) or Q5_1 (5) from float32[..., 32]."""
    n_bytes, n_max = 20 if n_bits == 4 else 24, np.float32((1 << n_bits) - 1)
    result = scratch + _RESULT
    for start in range(first, last, 32):
        n = min(32, last - start)
        _to_lanes_weighted(source, importance, means, row_blocks, start, n, scratch)
        affine.search_affine(
            scratch + _X,
            scratch + _W,
            n_max,
            np.float32(-0.9),
            np.float32(0.05),
            36,
            scratch + _STEPS,
            result,
        )
        for k in range(n):
            x, out = source + (start + k) * 128, target + (start + k) * n_bytes
            found = result + k // 16 * affine.RESULT + k % 16 * 4
            put_f16(out, get_f32(found + affine.SCALE))
            put_f16(out + 2, -get_f32(found + affine.MINIMUM))
            inverse = splat_f32(get_f32(found + affine.INVERSE))
            base, top = splat_f32(get_f32(found + affine.BASE)), splat_f32(n_max)
            low = round_to_i32(affine.affine_step(load_f32(x), base, inverse, top))
            high = round_to_i32(affine.affine_step(load_f32(x + 64), base, inverse, top))
            pack(out + 4, low, high, n_bits)
    return 0
