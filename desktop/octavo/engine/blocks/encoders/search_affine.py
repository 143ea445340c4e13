"""The search for a scale and a minimum: what ``make_qkx2_quants`` and ``make_qkx3_quants`` of ggml do."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.lanes import INFINITY, finite_or_zero
from octavo.engine.simd.arithmetic import (
    add,
    div,
    maximum,
    minimum,
    mul,
    rint,
    splat_f32,
    sub,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.memory import load_f32, store_f32

# Where the results lie, from ``result``; each is 16 lanes.
SCALE, MINIMUM, INVERSE, BASE = 0, 64, 128, 192


@kernel
def affine_step(x, base, inverse, top):
    """The step of each weight: ``inverse * (x - base)`` rounded, 0 to ``top``."""
    return maximum(minimum(rint(mul(inverse, sub(x, base))), top), zero_f32())


@separate
def search_affine(
    x: int,
    w: int,
    n_max: np.float32,
    first: np.float32,
    step: np.float32,
    n_steps: int,
    steps: int,
    result: int,
) -> int:
    """Find scale and minimum of 16 groups of 32 weights with the least weighted error.

    Parameters
    ----------
    x, w
        Addresses of float32[32, 16]: weights, and how much each counts; a group in each lane.
    n_max, first, step, n_steps
        The highest step; the scales tried are ``(n_max + first + step * i) / range`` for i = 0 to n_steps.
    steps
        Address of float32[32, 16] to work in.
    result
        Address of float32[4, 16]: the scale; the minimum with its sign turned; and the inverse scale and the base
        that gave the best steps (see ``affine_step``).
    """
    zero, top = zero_f32(), splat_f32(n_max)
    value, weight = load_f32(x), load_f32(w)
    low, high = value, value
    sum_w, sum_x = weight, mul(weight, value)
    for i in range(1, 32):
        value, weight = load_f32(x + i * 64), load_f32(w + i * 64)
        low, high = minimum(value, low), maximum(value, high)
        sum_w, sum_x = add(sum_w, weight), add(sum_x, mul(weight, value))
    low = where_greater(low, zero, zero, low)
    inverse = div(top, sub(high, low))
    # A constant group has an infinite inverse, so scale 0 and steps 0.
    scale = div(splat_f32(np.float32(1)), inverse)
    inverse = finite_or_zero(inverse)
    base = low
    error = zero
    for i in range(32):
        value = load_f32(x + i * 64)
        difference = sub(add(mul(scale, affine_step(value, low, inverse, top)), low), value)
        error = add(error, mul(load_f32(w + i * 64), mul(difference, difference)))
    for trial in range(n_steps + 1):
        tried = splat_f32(first + step * np.float32(trial) + n_max)
        new_inverse = finite_or_zero(div(tried, sub(high, low)))
        sum_l, sum_l2, sum_xl = zero, zero, zero
        for i in range(32):
            value = load_f32(x + i * 64)
            whole = affine_step(value, low, new_inverse, top)
            store_f32(steps + i * 64, whole)
            weighted = mul(load_f32(w + i * 64), whole)
            sum_l = add(sum_l, weighted)
            sum_l2 = add(sum_l2, mul(weighted, whole))
            sum_xl = add(sum_xl, mul(weighted, value))
        determinant = sub(mul(sum_w, sum_l2), mul(sum_l, sum_l))
        new_scale = div(sub(mul(sum_w, sum_xl), mul(sum_x, sum_l)), determinant)
        new_low = div(sub(mul(sum_l2, sum_x), mul(sum_l, sum_xl)), determinant)
        new_scale = where_greater(new_low, zero, div(sum_xl, sum_l2), new_scale)
        new_low = where_greater(new_low, zero, zero, new_low)
        new_error = zero
        for i in range(32):
            difference = sub(add(mul(new_scale, load_f32(steps + i * 64)), new_low), load_f32(x + i * 64))
            new_error = add(new_error, mul(load_f32(w + i * 64), mul(difference, difference)))
        new_error = where_greater(determinant, zero, new_error, splat_f32(np.float32(INFINITY)))
        scale = where_greater(error, new_error, new_scale, scale)
        inverse = where_greater(error, new_error, new_inverse, inverse)
        base = where_greater(error, new_error, low, base)
        low = where_greater(error, new_error, new_low, low)
        error = where_greater(error, new_error, new_error, error)
    store_f32(result + SCALE, scale)
    store_f32(result + MINIMUM, sub(splat_f32(np.float32(-0.0)), low))
    store_f32(result + INVERSE, inverse)
    store_f32(result + BASE, base)
    return 0
