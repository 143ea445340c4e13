"""Encode Q4_K and Q5_K (layouts: ``blocks.q4_k``, ``blocks.q5_k``), 16 blocks at a time."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.group_scales import search_six_bits, six_bits
from octavo.engine.blocks.encoders.importance import weigh_blocks
from octavo.engine.blocks.encoders.lanes import sum_rows, to_lanes
from octavo.engine.blocks.encoders.search_affine import (
    BASE,
    INVERSE,
    MINIMUM,
    RESULT,
    SCALE,
    SET,
    affine_step,
    search_affine,
)
from octavo.engine.simd.arithmetic import (
    absolute,
    add,
    bit_and,
    bit_or,
    div,
    maximum,
    minimum,
    mul,
    rint,
    round_to_i32,
    shift_left,
    shift_right,
    splat_f32,
    splat_i32,
    square_root,
    zero_f32,
    zero_i32,
)
from octavo.engine.simd.jit import entry, kernel, separate
from octavo.engine.simd.memory import get_f16, get_f32, get_u8, load_f32, put_f16, put_i8, store_f32, store_i8

# Where the arrays to work in lie, from ``scratch``. Of four blocks, a group of 32 weights in each lane of two sets:
_X, _W, _STEPS, _NATURAL, _RESULT = 0, 4096, 8192, 12288, 16384
# Of 16 blocks, float32[16, 8]: what the searches found for each group, and the sums of what its weights count.
_SCALES, _MINIMA, _INVERSES, _BASES, _SUMS = 16896, 17408, 17920, 18432, 18944
# The same with a block in each lane, float32[8, 16], and what becomes of it; the blocks' scales, float32[16].
_ACROSS, _SUMS_ACROSS, _SCALE_STEPS, _MINIMUM_STEPS = 19456, 19968, 20480, 20992
_SCALE, _MINIMUM = 21504, 21568
SCRATCH_BYTES = 21632


@kernel
def _count_plain(x: int, w: int) -> None:
    """Without an importance matrix a weight counts by its size and its group's root mean square."""
    total = zero_f32()
    for i in range(0, SET, 64):
        weights = load_f32(x + i)
        total = add(total, mul(weights, weights))
    mean = square_root(div(total, splat_f32(np.float32(32))))
    for i in range(0, SET, 64):
        store_f32(w + i, add(mean, absolute(load_f32(x + i))))


@kernel
def _two_sets(source: int, n_blocks: int, target: int) -> None:
    """Lay the groups of one to four blocks into lanes; a set that would be empty repeats the first."""
    to_lanes(source, min(16, 8 * n_blocks), 32, target)
    if n_blocks > 2:
        to_lanes(source + 2048, 8 * n_blocks - 16, 32, target + SET)
    else:
        to_lanes(source, min(16, 8 * n_blocks), 32, target + SET)


@kernel
def _across(table: int, scratch: int) -> int:
    to_lanes(scratch + table, 16, 8, scratch + _ACROSS)
    return scratch + _ACROSS


@kernel
def _step_at(address: int, top: int) -> int:
    step = int(get_f32(address))
    return step if step < top else top


@kernel
def _write_groups(out: int, lane: int, n_bits: int, scratch: int) -> None:
    """Write the twelve bytes of ``blocks.k_scales``."""
    # ggml bounds the steps for Q5_K alone; in Q4_K one over 63 spills into its neighbour's bits.
    top = 63 if n_bits == 5 else 255
    for j in range(4):
        at = scratch + lane * 4 + j * 64
        scale, scale_4 = _step_at(at + _SCALE_STEPS, top), _step_at(at + _SCALE_STEPS + 256, top)
        low, low_4 = _step_at(at + _MINIMUM_STEPS, top), _step_at(at + _MINIMUM_STEPS + 256, top)
        put_i8(out + j, scale | (scale_4 >> 4) << 6)
        put_i8(out + 4 + j, low | (low_4 >> 4) << 6)
        put_i8(out + 8 + j, (scale_4 & 15) | (low_4 & 15) << 4)


@kernel
def _stored(groups: int, group: int):
    """Scale and minimum of a group, 0 to 63."""
    if group < 4:
        return get_u8(groups + group) & 63, get_u8(groups + 4 + group) & 63
    low = get_u8(groups + 4 + group)
    scale_high, minimum_high = get_u8(groups + group - 4) >> 6, get_u8(groups + group) >> 6
    return (low & 15) | scale_high << 4, (low >> 4) | minimum_high << 4


@kernel
def _steps(weights, out: int, lane: int, group: int, n_max: np.float32, scratch: int):
    """16 steps from 0 to ``n_max``, of the stored scale; those of the search where the stored scale is 0."""
    top = splat_f32(n_max)
    group_scale, group_minimum = _stored(out + 4, group)
    scale = get_f16(out) * np.float32(group_scale)
    if scale != np.float32(0):
        low = splat_f32(get_f16(out + 2) * np.float32(group_minimum))
        nearest = rint(div(add(weights, low), splat_f32(scale)))
        return round_to_i32(maximum(minimum(nearest, top), zero_f32()))
    found = scratch + (lane * 8 + group) * 4
    base, inverse = splat_f32(get_f32(found + _BASES)), splat_f32(get_f32(found + _INVERSES))
    return round_to_i32(affine_step(weights, base, inverse, top))


@kernel
def _write_block(x: int, out: int, lane: int, n_bits: int, scratch: int) -> None:
    put_f16(out, get_f32(scratch + _SCALE + lane * 4))
    put_f16(out + 2, get_f32(scratch + _MINIMUM + lane * 4))
    _write_groups(out + 4, lane, n_bits, scratch)
    nibble, n_max = splat_i32(15), np.float32((1 << n_bits) - 1)
    for side in range(0, 32, 16):
        fifths = zero_i32()
        for pair in range(4):
            weights = x + (64 * pair + side) * 4
            low = _steps(load_f32(weights), out, lane, 2 * pair, n_max, scratch)
            high = _steps(load_f32(weights + 128), out, lane, 2 * pair + 1, n_max, scratch)
            packed = bit_or(bit_and(low, nibble), shift_left(bit_and(high, nibble), 4))
            store_i8(out + 16 + (n_bits - 4) * 32 + 32 * pair + side, packed)
            fifth = bit_or(shift_right(low, 4), shift_left(shift_right(high, 4), 1))
            fifths = bit_or(fifths, shift_left(fifth, np.int32(2 * pair)))
        if n_bits == 5:
            store_i8(out + 16 + side, fifths)


@separate
def _search(
    source: int, importance: int, row_blocks: int, start: int, n: int, n_bits: int, scratch: int
) -> int:
    """Fill the tables of ``n`` blocks from block ``start`` on."""
    n_max, first, step = np.float32((1 << n_bits) - 1), np.float32(-0.9), np.float32(0.05)
    n_steps = 36
    if not importance:
        first, step = np.float32(-1.0 if n_bits == 4 else -0.5), np.float32(0.1)
        n_steps = 20 if n_bits == 4 else 15
    result = scratch + _RESULT
    for k in range(0, n, 4):
        x, n_here = source + (start + k) * 1024, min(4, n - k)
        _two_sets(x, n_here, scratch + _X)
        if importance:
            natural, factor = scratch + _NATURAL, np.float32(2)
            weigh_blocks(x, importance, row_blocks, start + k, n_here, 256, factor, natural)
            _two_sets(scratch + _NATURAL, n_here, scratch + _W)
        else:
            _count_plain(scratch + _X, scratch + _W)
            _count_plain(scratch + _X + SET, scratch + _W + SET)
        search_affine(scratch + _X, scratch + _W, n_max, first, step, n_steps, scratch + _STEPS, result)
        for half in range(2):
            row, found = scratch + (k + 2 * half) * 32, result + half * RESULT
            store_f32(row + _SCALES, load_f32(found + SCALE))
            store_f32(row + _MINIMA, load_f32(found + MINIMUM))
            store_f32(row + _INVERSES, load_f32(found + INVERSE))
            store_f32(row + _BASES, load_f32(found + BASE))
            store_f32(row + _SUMS, sum_rows(scratch + _W + half * SET, 32))
    return 0


@entry
def encode(
    source: int,
    target: int,
    importance: int,
    row_blocks: int,
    first: int,
    last: int,
    scratch: int,
    n_bits: int,
) -> int:
    """Write blocks ``first`` to ``last`` of Q4_K (``n_bits`` 4) or Q5_K (5) from float32[..., 256].

    ``importance`` is 0, or the address of float32[row_blocks, 256].
    """
    n_bytes = 144 if n_bits == 4 else 176
    for start in range(first, last, 16):
        n = min(16, last - start)
        _search(source, importance, row_blocks, start, n, n_bits, scratch)
        if importance:
            to_lanes(scratch + _SUMS, 16, 8, scratch + _SUMS_ACROSS)
            counts = scratch + _SUMS_ACROSS
            search_six_bits(_across(_SCALES, scratch), counts, scratch + _SCALE_STEPS, scratch + _SCALE)
            search_six_bits(_across(_MINIMA, scratch), counts, scratch + _MINIMUM_STEPS, scratch + _MINIMUM)
        else:
            six_bits(_across(_SCALES, scratch), scratch + _SCALE_STEPS, scratch + _SCALE)
            six_bits(_across(_MINIMA, scratch), scratch + _MINIMUM_STEPS, scratch + _MINIMUM)
        for lane in range(n):
            _write_block(
                source + (start + lane) * 1024, target + (start + lane) * n_bytes, lane, n_bits, scratch
            )
    return 0
