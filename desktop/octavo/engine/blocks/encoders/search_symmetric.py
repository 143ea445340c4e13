"""The search for a scale around 0: what ``make_qx_quants`` of ggml does with ``rmse_type`` 1."""

from __future__ import annotations

import numpy as np

from octavo.engine.simd.arithmetic import (
    absolute,
    add,
    div,
    maximum,
    minimum,
    mul,
    rint,
    splat_f32,
    sub,
    where_equal,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.memory import load_f32, store_f32

SMALLEST_GROUP = 1e-15

# Where the results lie, from ``result``; each is 16 lanes.
SCALE, INVERSE = 0, 64


@kernel
def symmetric_step(x, inverse, top):
    """The step of each weight: ``inverse * x`` rounded, ``-top`` to ``top - 1``."""
    below = sub(top, splat_f32(np.float32(1)))
    return maximum(minimum(rint(mul(inverse, x)), below), sub(zero_f32(), top))


@separate
def search_symmetric(x: int, w: int, n_max: np.float32, size: int, result: int) -> int:
    """Find the scale of 16 groups with the least weighted error.

    Parameters
    ----------
    x, w
        Addresses of float32[size, 16]: weights, and how much each counts; a group in each lane.
    n_max
        Steps go from ``-n_max`` to ``n_max - 1``.
    result
        Address of float32[2, 16]: the scale, and the inverse scale that gave the best steps; both 0 where all
        weights are (nearly) 0.
    """
    zero, top = zero_f32(), splat_f32(n_max)
    largest, farthest = zero, zero
    for i in range(size):
        value = load_f32(x + i * 64)
        distance = absolute(value)
        largest = where_greater(distance, farthest, value, largest)
        farthest = where_greater(distance, farthest, distance, farthest)
    scale, inverse, best = zero, zero, zero
    for trial in range(19):
        # ggml first takes the plain scale, then those around it: 0, -9 to -1, 1 to 9.
        shift = 0 if trial == 0 else (trial - 10 if trial < 10 else trial - 9)
        tried = -(n_max + np.float32(0.1) * np.float32(shift))
        new_inverse = div(splat_f32(tried), largest)
        sum_lx, sum_l2 = zero, zero
        for i in range(size):
            value, weight = load_f32(x + i * 64), load_f32(w + i * 64)
            whole = symmetric_step(value, new_inverse, top)
            sum_lx = add(sum_lx, mul(mul(weight, value), whole))
            sum_l2 = add(sum_l2, mul(mul(weight, whole), whole))
        new_scale = where_equal(sum_l2, zero, zero, div(sum_lx, sum_l2))
        if trial == 0:
            scale, inverse, best = new_scale, new_inverse, mul(new_scale, sum_lx)
        else:
            gain = where_greater(sum_l2, zero, mul(sum_lx, sum_lx), zero)
            needed = where_greater(sum_l2, zero, mul(best, sum_l2), zero)
            inverse = where_greater(gain, needed, new_inverse, inverse)
            scale = where_greater(gain, needed, new_scale, scale)
            best = where_greater(gain, needed, mul(new_scale, sum_lx), best)
    smallest = splat_f32(np.float32(SMALLEST_GROUP))
    store_f32(result + SCALE, where_greater(smallest, farthest, zero, scale))
    store_f32(result + INVERSE, where_greater(smallest, farthest, zero, inverse))
    return 0
