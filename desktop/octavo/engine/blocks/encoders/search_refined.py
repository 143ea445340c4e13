"""The search that Q3_K makes without importance: what ``make_q3_quants`` of ggml does."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.lanes import SMALLEST_GROUP
from octavo.engine.blocks.encoders.search_symmetric import farthest_of
from octavo.engine.simd.arithmetic import (
    add,
    as_i32,
    bit_and,
    div,
    max_lane,
    maximum,
    minimum,
    mul,
    splat_f32,
    splat_i32,
    sub,
    sub_i32,
    to_f32,
    where_equal,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.memory import load_f32, store_f32


@kernel
def _nearest_step(x):
    """Round to -4 to 3, as ggml does: numbers that are too large for its way of rounding give any step."""
    bits = as_i32(add(x, splat_f32(np.float32(12582912))))
    whole = to_f32(sub_i32(bit_and(bits, splat_i32(0x7FFFFF)), splat_i32(0x400000)))
    return maximum(minimum(whole, splat_f32(np.float32(3))), splat_f32(np.float32(-4)))


@kernel
def _refine(sums, x: int, steps: int):
    """Take the step that fits best beside the others, where that is a gain."""
    zero, (sum_lx, sum_l2) = zero_f32(), sums
    value, step = load_f32(x), load_f32(steps)
    weight = mul(value, value)
    rest_lx = sub(sum_lx, mul(mul(weight, value), step))
    rest_l2 = sub(sum_l2, mul(mul(weight, step), step))
    new = _nearest_step(div(mul(value, rest_l2), rest_lx))
    new_lx = add(rest_lx, mul(mul(weight, value), new))
    new_l2 = add(rest_l2, mul(mul(weight, new), new))
    gain, needed = mul(mul(new_lx, new_lx), sum_l2), mul(mul(sum_lx, sum_lx), new_l2)
    gain = where_greater(rest_lx, zero, gain, needed)
    gain = where_greater(new_l2, zero, gain, needed)
    gain = where_equal(new, step, needed, gain)
    store_f32(steps, where_greater(gain, needed, new, step))
    return where_greater(gain, needed, new_lx, sum_lx), where_greater(gain, needed, new_l2, sum_l2)


@separate
def search_refined(x: int, steps: int, scale: int) -> int:
    """Find scale and steps of 16 groups of 16 weights, each counting by its square.

    ``x`` and ``steps`` point to float32[16, 16], a group in each lane; ``scale`` to float32[16]. Steps are 0 to 7,
    and 0 as the scale is where all weights are (nearly) 0.
    """
    zero, one, four = zero_f32(), splat_f32(np.float32(1)), splat_f32(np.float32(4))
    largest, farthest = farthest_of(x, 16)
    inverse = div(splat_f32(np.float32(-4)), largest)
    sums = (zero, zero)
    for i in range(0, 1024, 64):
        value = load_f32(x + i)
        weight, step = mul(value, value), _nearest_step(mul(inverse, value))
        store_f32(steps + i, step)
        sum_lx = add(sums[0], mul(mul(weight, value), step))
        sums = (sum_lx, add(sums[1], mul(mul(weight, step), step)))
    for _ in range(5):
        before = sums
        for i in range(0, 1024, 64):
            sums = _refine(sums, x + i, steps + i)
        # A step that changes changes a sum. A round that changes nothing is the last.
        changed = where_equal(sums[0], before[0], zero, one)
        if max_lane(maximum(changed, where_equal(sums[1], before[1], zero, one))) == np.float32(0):
            break
    smallest = splat_f32(np.float32(SMALLEST_GROUP))
    for i in range(0, 1024, 64):
        step = add(load_f32(steps + i), four)
        store_f32(steps + i, where_greater(smallest, farthest, zero, step))
    best = where_greater(sums[1], zero, div(sums[0], sums[1]), zero)
    store_f32(scale, where_greater(smallest, farthest, zero, best))
    return 0
