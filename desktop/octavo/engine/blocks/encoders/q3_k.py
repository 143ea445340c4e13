"""Encode Q3_K (layout: ``blocks.q3_k``): a search has a block's 16 groups in its lanes, the next one 16 blocks."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.importance import weigh_blocks
from octavo.engine.blocks.encoders.lanes import sum_rows, to_lanes
from octavo.engine.blocks.encoders.pack_256 import pack_low_2, pack_third
from octavo.engine.blocks.encoders.search_refined import search_refined
from octavo.engine.blocks.encoders.search_symmetric import (
    INVERSE,
    SCALE,
    search_symmetric,
    symmetric_step,
)
from octavo.engine.simd.arithmetic import (
    add,
    div,
    maximum,
    minimum,
    mul,
    rint,
    splat_f32,
    where_equal,
    zero_f32,
)
from octavo.engine.simd.jit import entry, kernel, separate
from octavo.engine.simd.memory import get_f16, get_f32, get_u8, load_f32, put_f16, put_i8, store_f32

_X, _W, _NATURAL, _LANES, _RESULT = 0, 1024, 2048, 3072, 4096
# Of 16 blocks: scales and sums of what weights count, float32[16, 16]; the same with a block in each lane.
_SCALES, _SUMS, _ACROSS, _SUMS_ACROSS, _RESULT_ACROSS = 4224, 5248, 6272, 7296, 8320
_CODES = 8448  # of one block, float32[16]
_STEPS = 8512  # of 16 blocks, float32[16, 256], 0 to 7
SCRATCH_BYTES = 24896


@separate
def _search(source: int, importance: int, row_blocks: int, start: int, n: int, scratch: int) -> int:
    """Fill the tables of ``n`` blocks from block ``start`` on."""
    x, w, lanes, result = scratch + _X, scratch + _W, scratch + _LANES, scratch + _RESULT
    zero, four = zero_f32(), splat_f32(np.float32(4))
    for k in range(n):
        weights, scales = source + (start + k) * 1024, scratch + _SCALES + k * 64
        to_lanes(weights, 16, 16, x)
        if importance:
            natural = scratch + _NATURAL
            weigh_blocks(weights, importance, row_blocks, start + k, 1, 256, np.float32(2), natural)
            to_lanes(natural, 16, 16, w)
            search_symmetric(x, w, np.float32(4), 16, result)
            inverse = load_f32(result + INVERSE)
            for i in range(0, 1024, 64):
                step = add(symmetric_step(load_f32(x + i), inverse, four), four)
                store_f32(lanes + i, where_equal(inverse, zero, zero, step))
            store_f32(scales, load_f32(result + SCALE))
            store_f32(scratch + _SUMS + k * 64, sum_rows(w, 16))
        else:
            search_refined(x, lanes, scales)
        to_lanes(lanes, 16, 16, scratch + _STEPS + k * 1024)
    if importance:
        to_lanes(scratch + _SCALES, 16, 16, scratch + _ACROSS)
        to_lanes(scratch + _SUMS, 16, 16, scratch + _SUMS_ACROSS)
        search_symmetric(
            scratch + _ACROSS, scratch + _SUMS_ACROSS, np.float32(32), 16, scratch + _RESULT_ACROSS
        )
    return 0


@kernel
def _searched_codes(scales: int, result: int, codes: int) -> np.float32:
    """The 6-bit codes of 16 scales, and the scale of these."""
    inverse, half = get_f32(result + INVERSE), splat_f32(np.float32(32))
    found = zero_f32()
    if inverse != np.float32(0):
        found = add(symmetric_step(load_f32(scales), splat_f32(inverse), half), half)
    store_f32(codes, found)
    return get_f32(result + SCALE)


@kernel
def _plain_codes(scales: int, codes: int) -> np.float32:
    """The same, the farthest scale having code 0."""
    largest = np.float32(0)
    for group in range(16):
        scale = get_f32(scales + group * 4)
        if abs(scale) > abs(largest):
            largest = scale
    if largest == np.float32(0):
        store_f32(codes, zero_f32())
        return np.float32(0)
    inverse, half = np.float32(-32) / largest, splat_f32(np.float32(32))
    step = rint(mul(splat_f32(inverse), load_f32(scales)))
    step = maximum(minimum(step, splat_f32(np.float32(31))), splat_f32(np.float32(-32)))
    store_f32(codes, add(step, half))
    return np.float32(1) / inverse


@kernel
def _write_codes(codes: int, out: int) -> None:
    for i in range(12):
        put_i8(out + i, 0)
    for group in range(16):
        code = int(get_f32(codes + group * 4))
        low, high = out + group % 8, out + 8 + group % 4
        put_i8(low, get_u8(low) | (code & 15) << (4 * (group // 8)))
        put_i8(high, get_u8(high) | (code >> 4) << (2 * (group // 4)))


@kernel
def _write_block(x: int, steps: int, codes: int, scale: np.float32, out: int) -> None:
    put_f16(out + 108, scale)
    _write_codes(codes, out + 96)
    four = splat_f32(np.float32(4))
    for group in range(16):
        stored = get_f16(out + 108) * (get_f32(codes + group * 4) - np.float32(32))
        # Where the stored scale is 0, the steps of the search stay.
        if stored != np.float32(0):
            nearest = rint(div(load_f32(x + group * 64), splat_f32(stored)))
            low, high = splat_f32(np.float32(-4)), splat_f32(np.float32(3))
            store_f32(steps + group * 64, add(maximum(minimum(nearest, high), low), four))
    pack_third(steps, out)
    pack_low_2(steps, out + 32)


@entry
def encode(
    source: int, target: int, importance: int, row_blocks: int, first: int, last: int, scratch: int
) -> int:
    """Write blocks ``first`` to ``last`` of 110 bytes from float32[..., 256].

    ``importance`` is 0, or the address of float32[row_blocks, 256].
    """
    codes = scratch + _CODES
    for start in range(first, last, 16):
        n = min(16, last - start)
        _search(source, importance, row_blocks, start, n, scratch)
        for k in range(n):
            scales, steps = scratch + _SCALES + k * 64, scratch + _STEPS + k * 1024
            if importance:
                scale = _searched_codes(scales, scratch + _RESULT_ACROSS + k * 4, codes)
            else:
                scale = _plain_codes(scales, codes)
            _write_block(source + (start + k) * 1024, steps, codes, scale, target + (start + k) * 110)
    return 0
