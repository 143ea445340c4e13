"""The search for a scale around 0: what ``make_qx_quants`` of ggml does with ``rmse_type`` 1."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.lanes import SMALLEST_GROUP
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

# Where the results lie, from ``result``; each is 16 lanes.
SCALE, INVERSE = 0, 64


@kernel
def symmetric_step(x, inverse, top):
    """The step of each weight: ``inverse * x`` rounded, ``-top`` to ``top - 1``."""
    below = sub(top, splat_f32(np.float32(1)))
    return maximum(minimum(rint(mul(inverse, x)), below), sub(zero_f32(), top))


@kernel
def farthest_of(x: int, size: int):
    """The first of the weights that are farthest from 0, and its distance."""
    largest, farthest = zero_f32(), zero_f32()
    for i in range(size):
        value = load_f32(x + i * 64)
        distance = absolute(value)
        largest = where_greater(distance, farthest, value, largest)
        farthest = where_greater(distance, farthest, distance, farthest)
    return largest, farthest


@kernel
def _inverse(n_max: np.float32, shift: int, largest):
    return div(splat_f32(-(n_max + np.float32(0.1) * np.float32(shift))), largest)


@kernel
def _accumulate(sums, value, weight, inverse, top):
    """Add a row to the sums of weight * value * step and of weight * step squared."""
    step = symmetric_step(value, inverse, top)
    sum_lx = add(sums[0], mul(mul(weight, value), step))
    return sum_lx, add(sums[1], mul(mul(weight, step), step))


@kernel
def _keep_better(best, sums, inverse):
    """Scale, inverse scale and gain; replaced where the new steps fit better."""
    zero = zero_f32()
    sum_lx, sum_l2 = sums
    new_scale = where_equal(sum_l2, zero, zero, div(sum_lx, sum_l2))
    new_gain = where_greater(sum_l2, zero, mul(sum_lx, sum_lx), zero)
    gain = where_greater(sum_l2, zero, mul(best[2], sum_l2), zero)
    return (
        where_greater(new_gain, gain, new_scale, best[0]),
        where_greater(new_gain, gain, inverse, best[1]),
        where_greater(new_gain, gain, mul(new_scale, sum_lx), best[2]),
    )


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
    largest, farthest = farthest_of(x, size)
    inverse_a = _inverse(n_max, 0, largest)
    a = (zero, zero)
    for i in range(size):
        a = _accumulate(a, load_f32(x + i * 64), load_f32(w + i * 64), inverse_a, top)
    scale = where_equal(a[1], zero, zero, div(a[0], a[1]))
    best = (scale, inverse_a, mul(scale, a[0]))
    # The scales around it, -9 to -1 and 1 to 9 tenths of a step; three at a time hide each other's delays.
    for shift in range(-9, 9, 3):
        above = 1 if shift >= 0 else 0
        inverse_a = _inverse(n_max, shift + above, largest)
        inverse_b = _inverse(n_max, shift + above + 1, largest)
        inverse_c = _inverse(n_max, shift + above + 2, largest)
        a, b, c = (zero, zero), (zero, zero), (zero, zero)
        for i in range(size):
            value, weight = load_f32(x + i * 64), load_f32(w + i * 64)
            a = _accumulate(a, value, weight, inverse_a, top)
            b = _accumulate(b, value, weight, inverse_b, top)
            c = _accumulate(c, value, weight, inverse_c, top)
        best = _keep_better(best, a, inverse_a)
        best = _keep_better(best, b, inverse_b)
        best = _keep_better(best, c, inverse_c)
    smallest = splat_f32(np.float32(SMALLEST_GROUP))
    store_f32(result + SCALE, where_greater(smallest, farthest, zero, best[0]))
    store_f32(result + INVERSE, where_greater(smallest, farthest, zero, best[1]))
    return 0
