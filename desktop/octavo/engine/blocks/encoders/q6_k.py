"""Encode Q6_K (layout: ``blocks.q6_k``): the 16 groups of a block are the 16 lanes of the search."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.lanes import SMALLEST_GROUP, to_lanes
from octavo.engine.blocks.encoders.search_symmetric import (
    INVERSE,
    SCALE,
    search_symmetric,
    symmetric_step,
)
from octavo.engine.simd.arithmetic import (
    add,
    bit_and,
    bit_or,
    div,
    maximum,
    minimum,
    mul,
    rint,
    rint_scalar,
    round_to_i32,
    shift_left,
    shift_right,
    splat_f32,
    splat_i32,
    zero_i32,
)
from octavo.engine.simd.jit import entry, kernel
from octavo.engine.simd.memory import (
    get_f16,
    get_f32,
    get_i8,
    load_f32,
    put_f16,
    put_i8,
    store_f32,
    store_i8,
)

_X, _W, _RESULT = 0, 1024, 2048
SCRATCH_BYTES = 2176


@kernel
def _largest(scales: int) -> np.float32:
    """The first of 16 scales that is farthest from 0."""
    largest = np.float32(0)
    for group in range(16):
        scale = get_f32(scales + group * 4)
        if abs(scale) > abs(largest):
            largest = scale
    return largest


@kernel
def _steps(x: int, out: int, result: int, group: int):
    """16 steps from 0 to 63, of the stored scale; those of the search where the stored scale is 0."""
    weights = load_f32(x + group * 64)
    scale = get_f16(out + 208) * np.float32(get_i8(out + 192 + group))
    if scale != np.float32(0):
        nearest = rint(div(weights, splat_f32(scale)))
        low, high = splat_f32(np.float32(-32)), splat_f32(np.float32(31))
        return round_to_i32(add(maximum(minimum(nearest, high), low), splat_f32(np.float32(32))))
    inverse, top = get_f32(result + INVERSE + group * 4), splat_f32(np.float32(32))
    if inverse == np.float32(0):
        return zero_i32()
    return round_to_i32(add(symmetric_step(weights, splat_f32(inverse), top), top))


@kernel
def _write_steps(x: int, out: int, result: int) -> None:
    nibble = splat_i32(15)
    for part in range(4):
        # Weights 128 half + 16 side + 32 k + 0..15, k = 0 to 3, share bytes.
        half, side = part >> 1, part & 1
        a = _steps(x, out, result, 8 * half + side)
        b = _steps(x, out, result, 8 * half + side + 2)
        c = _steps(x, out, result, 8 * half + side + 4)
        d = _steps(x, out, result, 8 * half + side + 6)
        low = out + 64 * half + 16 * side
        store_i8(low, bit_or(bit_and(a, nibble), shift_left(bit_and(c, nibble), 4)))
        store_i8(low + 32, bit_or(bit_and(b, nibble), shift_left(bit_and(d, nibble), 4)))
        ab = bit_or(shift_right(a, 4), shift_left(shift_right(b, 4), 2))
        cd = bit_or(shift_left(shift_right(c, 4), 4), shift_left(shift_right(d, 4), 6))
        store_i8(out + 128 + 32 * half + 16 * side, bit_or(ab, cd))


@entry
def encode(
    source: int, target: int, importance: int, row_blocks: int, first: int, last: int, scratch: int
) -> int:
    """Write blocks ``first`` to ``last`` of 210 bytes from float32[..., 256].

    ``importance`` is 0, or the address of float32[row_blocks, 256].
    """
    result = scratch + _RESULT
    for block in range(first, last):
        x, out = source + block * 1024, target + block * 210
        to_lanes(x, 16, 16, scratch + _X)
        if importance:
            to_lanes(importance + block % row_blocks * 1024, 16, 16, scratch + _W)
        else:
            for i in range(16):
                weights = load_f32(scratch + _X + i * 64)
                store_f32(scratch + _W + i * 64, mul(weights, weights))
        search_symmetric(scratch + _X, scratch + _W, np.float32(32), 16, result)
        largest = _largest(result + SCALE)
        if abs(largest) < np.float32(SMALLEST_GROUP):
            for i in range(210):
                put_i8(out + i, 0)
            continue
        inverse = np.float32(-128) / largest
        put_f16(out + 208, np.float32(1) / inverse)
        for group in range(16):
            scale = rint_scalar(inverse * get_f32(result + SCALE + group * 4))
            put_i8(out + 192 + group, np.int32(min(np.float32(127), scale)))
        _write_steps(x, out, result)
    return 0
