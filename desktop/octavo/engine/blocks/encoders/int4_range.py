"""The range of groups of 4 bits: the scale and zero point of least weighted error; a row in each lane."""

from __future__ import annotations

import numpy as np

from octavo.engine.simd.arithmetic import (
    add,
    div,
    fma,
    maximum,
    minimum,
    mul,
    rint,
    splat_f32,
    sub,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.jit import entry, kernel
from octavo.engine.simd.memory import load_f32, repeat_f32, store_f32


@kernel
def _gain(x: int, counts: int, group: int, row_bytes: int, inverse, zero):
    """How much error a scale takes away at best, and that scale, for steps taken with ``inverse``."""
    bottom, top = sub(zero_f32(), zero), sub(splat_f32(np.float32(15)), zero)
    sum_lx, sum_l2 = zero_f32(), zero_f32()
    for i in range(group):
        value = load_f32(x + i * row_bytes)
        step = maximum(minimum(rint(mul(value, inverse)), top), bottom)
        weighted = mul(step, repeat_f32(counts + 4 * i))
        sum_lx = fma(weighted, value, sum_lx)
        sum_l2 = fma(weighted, step, sum_l2)
    scale = where_greater(sum_l2, zero_f32(), div(sum_lx, sum_l2), zero_f32())
    return mul(sum_lx, scale), scale


@entry
def find_int4_ranges(
    x: int, counts: int, scales: int, zeros: int, group: int, n_rows: int, symmetric: int, n_limits: int
) -> int:
    """Write scale and zero point of one group of every row.

    Tried are ranges that leave out up to ``5 (n_limits - 1)`` percent of the largest weights, each with the zero point
    that belongs to it and the two beside it; the scale is then the one of least squares for the steps.

    Parameters
    ----------
    x
        Address of float32[group, n_rows].
    counts
        Address of float32[group]: how much each column's squared error counts.
    scales, zeros
        Addresses of float32[n_rows], written.
    n_rows
        A multiple of 16.
    symmetric
        1 for the zero point 8.
    """
    row_bytes = 4 * n_rows
    none, steps = zero_f32(), splat_f32(np.float32(15))
    for strip in range(0, row_bytes, 64):
        low, high = none, none
        for i in range(group):
            value = load_f32(x + i * row_bytes + strip)
            low, high = minimum(low, value), maximum(high, value)
        if symmetric:
            widest = mul(maximum(high, sub(none, low)), splat_f32(np.float32(2)))
            middle = splat_f32(np.float32(8))
        else:
            widest = sub(high, low)
            middle = where_greater(widest, none, rint(div(mul(sub(none, low), steps), widest)), none)
        best, scale, zero = splat_f32(np.float32(-1)), none, middle
        for trial in range(n_limits):
            reach = mul(widest, splat_f32(np.float32(1) - np.float32(trial) / np.float32(20)))
            inverse = where_greater(reach, none, div(steps, reach), none)
            for shift in range(0 if symmetric else -1, 1 if symmetric else 2):
                tried = add(middle, splat_f32(np.float32(shift)))
                tried = maximum(minimum(tried, steps), none)
                gain, found = _gain(x + strip, counts, group, row_bytes, inverse, tried)
                zero = where_greater(gain, best, tried, zero)
                scale = where_greater(gain, best, found, scale)
                best = maximum(gain, best)
        store_f32(scales + strip, scale)
        store_f32(zeros + strip, zero)
    return 0
