"""How the eight scales of a block become one f16 and eight 6-bit numbers; a block in each lane."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.lanes import finite_or_zero
from octavo.engine.simd.arithmetic import (
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


@kernel
def _highest(x: int):
    highest = zero_f32()
    for i in range(8):
        highest = maximum(load_f32(x + i * 64), highest)
    return highest


@separate
def six_bits(x: int, steps: int, scale: int) -> int:
    """Give the highest of eight scales step 63.

    ``x`` and ``steps`` point to float32[8, 16], ``scale`` to float32[16].
    """
    highest, top = _highest(x), splat_f32(np.float32(63))
    inverse = where_greater(highest, zero_f32(), finite_or_zero(div(top, highest)), zero_f32())
    for i in range(8):
        store_f32(steps + i * 64, minimum(rint(mul(inverse, load_f32(x + i * 64))), top))
    store_f32(scale, div(highest, top))
    return 0


@kernel
def _error(x: int, w: int, inverse, scale):
    error = zero_f32()
    for i in range(8):
        value = load_f32(x + i * 64)
        step = minimum(rint(mul(inverse, value)), splat_f32(np.float32(63)))
        difference = sub(value, mul(scale, step))
        error = add(error, mul(mul(load_f32(w + i * 64), difference), difference))
    return error


@separate
def search_six_bits(x: int, w: int, steps: int, scale: int) -> int:
    """Find the scale and the steps of least weighted error: what ``make_qp_quants`` of ggml does.

    ``x``, ``w`` and ``steps`` point to float32[8, 16], ``scale`` to float32[16].
    """
    zero, one, top = zero_f32(), splat_f32(np.float32(1)), splat_f32(np.float32(63))
    highest = _highest(x)
    plain = div(top, highest)
    inverse = finite_or_zero(plain)
    error = _error(x, w, inverse, div(one, plain))
    for trial in range(8):
        shift = trial - 4 if trial < 4 else trial - 3
        tried = div(splat_f32(np.float32(0.1) * np.float32(shift) + np.float32(63)), highest)
        new_inverse = finite_or_zero(tried)
        new_error = _error(x, w, new_inverse, div(one, tried))
        inverse = where_greater(error, new_error, new_inverse, inverse)
        error = where_greater(error, new_error, new_error, error)
    sum_lx, sum_l2 = zero, zero
    for i in range(8):
        value, weight = load_f32(x + i * 64), load_f32(w + i * 64)
        step = minimum(rint(mul(inverse, value)), top)
        store_f32(steps + i * 64, step)
        sum_lx = add(sum_lx, mul(mul(weight, value), step))
        sum_l2 = add(sum_l2, mul(mul(weight, step), step))
    # ggml stops when a round changes nothing; another round would change nothing either.
    for i in range(40):
        row = i % 8 * 64
        value, weight, step = load_f32(x + row), load_f32(w + row), load_f32(steps + row)
        rest_lx = sub(sum_lx, mul(mul(weight, value), step))
        rest_l2 = sub(sum_l2, mul(mul(weight, step), step))
        new = finite_or_zero(div(mul(value, rest_l2), rest_lx))
        new = minimum(rint(new), top)
        new_lx = add(rest_lx, mul(mul(weight, value), new))
        new_l2 = add(rest_l2, mul(mul(weight, new), new))
        gain, needed = mul(mul(new_lx, new_lx), sum_l2), mul(mul(sum_lx, sum_lx), new_l2)
        # No gain where the others alone do not count, or where the step stays.
        gain = where_greater(rest_lx, zero, gain, needed)
        gain = where_greater(rest_l2, zero, gain, needed)
        gain = where_equal(new, step, needed, gain)
        store_f32(steps + row, where_greater(gain, needed, new, step))
        sum_lx = where_greater(gain, needed, new_lx, sum_lx)
        sum_l2 = where_greater(gain, needed, new_l2, sum_l2)
    # Where nothing counts, ggml divides 0 by 0 and stores a scale that is no number.
    best = where_equal(sum_l2, zero, zero, div(sum_lx, sum_l2))
    for i in range(8):
        store_f32(steps + i * 64, where_greater(highest, zero, load_f32(steps + i * 64), zero))
    store_f32(scale, where_greater(highest, zero, best, zero))
    return 0
