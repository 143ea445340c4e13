"""Encode Q2_K (layout: ``blocks.q2_k``), 16 blocks at a time."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.group_scales import highest_search, positive_search
from octavo.engine.blocks.encoders.importance import weigh_blocks
from octavo.engine.blocks.encoders.lanes import sum_rows, to_lanes
from octavo.engine.blocks.encoders.pack_256 import pack_low_2
from octavo.engine.blocks.encoders.search_affine import (
    BASE,
    INVERSE,
    MINIMUM,
    RESULT,
    SCALE,
    affine_search,
    affine_step,
)
from octavo.engine.simd.arithmetic import (
    absolute,
    add,
    div,
    maximum,
    minimum,
    rint,
    splat_f32,
    zero_f32,
)
from octavo.engine.simd.jit import entry, kernel, separate
from octavo.engine.simd.memory import get_f16, get_f32, get_u8, load_f32, put_f16, put_i8, store_f32

# Where the arrays to work in lie, from ``scratch``. Of two blocks, a group of 16 weights in each lane of two sets:
_SET = 1024
_X, _W, _STEPS, _NATURAL, _RESULT = 0, 2048, 4096, 6144, 8192
# Of 16 blocks, float32[16, 16]: what the searches found for each group, and the sums of what its weights count.
_SCALES, _MINIMA, _INVERSES, _BASES, _SUMS = 8704, 9728, 10752, 11776, 12800
# The same with a block in each lane, and what becomes of it; the blocks' scales, float32[16].
_ACROSS, _SUMS_ACROSS, _SCALE_STEPS, _MINIMUM_STEPS = 13824, 14848, 15872, 16896
_SCALE, _MINIMUM = 17920, 17984
SCRATCH_BYTES = 18048

_search_magnitudes = affine_search(16, is_square=False)
_search_squares = affine_search(16, is_square=True)
_four_bits = highest_search(16, 15, is_bounded=False)
_search_four_bits = positive_search(16, 15)


@separate
def _search(source: int, importance: int, row_blocks: int, start: int, n: int, scratch: int) -> int:
    """Fill the tables of ``n`` blocks from block ``start`` on."""
    three, result = np.float32(3), scratch + _RESULT
    x, w = scratch + _X, scratch + _W
    for k in range(0, n, 2):
        weights, n_here = source + (start + k) * 1024, min(2, n - k)
        # A set that would be empty repeats the first.
        other = (n_here - 1) * 1024
        to_lanes(weights, 16, 16, x)
        to_lanes(weights + other, 16, 16, x + _SET)
        if importance:
            natural = scratch + _NATURAL
            weigh_blocks(weights, importance, row_blocks, start + k, n_here, 256, np.float32(1), natural)
            to_lanes(natural, 16, 16, w)
            to_lanes(natural + other, 16, 16, w + _SET)
            _search_squares(x, w, three, np.float32(-0.9), np.float32(0.05), 36, scratch + _STEPS, result)
        else:
            for i in range(0, 2 * _SET, 64):
                store_f32(w + i, absolute(load_f32(x + i)))
            _search_magnitudes(x, w, three, np.float32(-0.5), np.float32(0.1), 15, scratch + _STEPS, result)
        for half in range(n_here):
            row, found = scratch + (k + half) * 64, result + half * RESULT
            store_f32(row + _SCALES, load_f32(found + SCALE))
            store_f32(row + _MINIMA, load_f32(found + MINIMUM))
            store_f32(row + _INVERSES, load_f32(found + INVERSE))
            store_f32(row + _BASES, load_f32(found + BASE))
            store_f32(row + _SUMS, sum_rows(w + half * _SET, 16))
    return 0


@kernel
def _across(table: int, scratch: int) -> int:
    to_lanes(scratch + table, 16, 16, scratch + _ACROSS)
    return scratch + _ACROSS


@kernel
def _write_block(x: int, out: int, lane: int, scratch: int) -> None:
    put_f16(out + 80, get_f32(scratch + _SCALE + lane * 4))
    put_f16(out + 82, get_f32(scratch + _MINIMUM + lane * 4))
    scale, low = get_f16(out + 80), get_f16(out + 82)
    top = splat_f32(np.float32(3))
    for group in range(16):
        at = scratch + lane * 4 + group * 64
        step, minimum_step = int(get_f32(at + _SCALE_STEPS)), int(get_f32(at + _MINIMUM_STEPS))
        # A step over 15, of a negative scale, spills into the minimum's bits.
        put_i8(out + group, step | minimum_step << 4)
        stored = get_u8(out + group)
        group_scale = scale * np.float32(stored & 15)
        weights = load_f32(x + group * 64)
        if group_scale != np.float32(0):
            group_low = splat_f32(low * np.float32(stored >> 4))
            steps = rint(div(add(weights, group_low), splat_f32(group_scale)))
            steps = maximum(minimum(steps, top), zero_f32())
        else:
            found = scratch + (lane * 16 + group) * 4
            base, inverse = splat_f32(get_f32(found + _BASES)), splat_f32(get_f32(found + _INVERSES))
            steps = affine_step(weights, base, inverse, top)
        store_f32(scratch + _STEPS + group * 64, steps)
    pack_low_2(scratch + _STEPS, out + 16)


@entry
def encode(
    source: int, target: int, importance: int, row_blocks: int, first: int, last: int, scratch: int
) -> int:
    """Write blocks ``first`` to ``last`` of 84 bytes from float32[..., 256].

    ``importance`` is 0, or the address of float32[row_blocks, 256].
    """
    for start in range(first, last, 16):
        n = min(16, last - start)
        _search(source, importance, row_blocks, start, n, scratch)
        if importance:
            counts = scratch + _SUMS_ACROSS
            to_lanes(scratch + _SUMS, 16, 16, counts)
            _search_four_bits(_across(_SCALES, scratch), counts, scratch + _SCALE_STEPS, scratch + _SCALE)
            _search_four_bits(_across(_MINIMA, scratch), counts, scratch + _MINIMUM_STEPS, scratch + _MINIMUM)
        else:
            _four_bits(_across(_SCALES, scratch), scratch + _SCALE_STEPS, scratch + _SCALE)
            _four_bits(_across(_MINIMA, scratch), scratch + _MINIMUM_STEPS, scratch + _MINIMUM)
        for lane in range(n):
            block = start + lane
            _write_block(source + block * 1024, target + block * 84, lane, scratch)
    return 0
