"""How the scales of a block's groups become one f16 and a few bits for each; a block in each lane."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from octavo.engine.blocks.encoders.lanes import SMALLEST_GROUP, finite_or_zero
from octavo.engine.simd.arithmetic import (
    add,
    bit_and,
    div,
    maximum,
    minimum,
    mul,
    rint,
    round_to_i32,
    splat_f32,
    splat_i32,
    sub,
    to_f32,
    where_equal,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.jit import kernel, variant
from octavo.engine.simd.memory import load_f32, store_f32


@kernel
def _highest(x: int, n: int):
    highest = zero_f32()
    for i in range(n):
        highest = maximum(load_f32(x + i * 64), highest)
    return highest


@kernel
def _as_byte(x):
    """What C makes of whole numbers kept in ``uint8_t``; scales can be negative where little counts."""
    return to_f32(bit_and(round_to_i32(x), splat_i32(255)))


def highest_search(n: int, highest_step: int, is_bounded: bool) -> Callable[..., int]:
    """Give the highest of ``n`` scales the highest step.

    ``x`` and ``steps`` point to float32[n, 16], ``scale`` to float32[16]. Negative scales have steps over the highest
    one, unless they are bounded.
    """

    @variant(n)
    def search(x: int, steps: int, scale: int) -> int:
        highest, top = _highest(x, n), splat_f32(np.float32(highest_step))
        inverse = where_greater(highest, zero_f32(), finite_or_zero(div(top, highest)), zero_f32())
        for i in range(0, 64 * n, 64):
            step = _as_byte(mul(inverse, load_f32(x + i)))
            store_f32(steps + i, minimum(step, top) if is_bounded else step)
        store_f32(scale, div(highest, top))
        return 0

    return search


six_bits = highest_search(8, 63, is_bounded=True)


@kernel
def _add_error(error, value, weight, scale, step):
    difference = sub(value, mul(scale, step))
    return add(error, mul(mul(weight, difference), difference))


@kernel
def _best_inverse(x: int, w: int, highest, n: int, n_max: np.float32):
    """The best of nine inverse scales around ``n_max / highest``."""
    one, top = splat_f32(np.float32(1)), splat_f32(n_max)
    plain = div(top, highest)
    inverse, error = finite_or_zero(plain), zero_f32()
    for i in range(0, 64 * n, 64):
        value = load_f32(x + i)
        error = _add_error(error, value, load_f32(w + i), div(one, plain), _as_byte(mul(inverse, value)))
    for trial in range(8):
        shift = trial - 4 if trial < 4 else trial - 3
        tried = div(splat_f32(np.float32(0.1) * np.float32(shift) + n_max), highest)
        new_inverse, new_error = finite_or_zero(tried), zero_f32()
        for i in range(0, 64 * n, 64):
            value = load_f32(x + i)
            step = minimum(rint(mul(new_inverse, value)), top)
            new_error = _add_error(new_error, value, load_f32(w + i), div(one, tried), step)
        inverse = where_greater(error, new_error, new_inverse, inverse)
        error = where_greater(error, new_error, new_error, error)
    return inverse


@kernel
def _refine(sums, x: int, w: int, steps: int, top):
    """Take the step that fits best beside the other seven, where that is a gain."""
    zero, (sum_lx, sum_l2) = zero_f32(), sums
    value, weight, step = load_f32(x), load_f32(w), load_f32(steps)
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
    store_f32(steps, where_greater(gain, needed, _as_byte(new), step))
    return where_greater(gain, needed, new_lx, sum_lx), where_greater(gain, needed, new_l2, sum_l2)


def positive_search(n: int, highest_step: int) -> Callable[..., int]:
    """The search for scale and steps of least weighted error that ``make_qp_quants`` of ggml makes.

    ``x``, ``w`` and ``steps`` point to float32[n, 16], ``scale`` to float32[16]. The steps are bytes: those over
    ``highest_step`` come from negative scales.
    """

    @variant(n)
    def search(x: int, w: int, steps: int, scale: int) -> int:
        n_max = np.float32(highest_step)
        zero, top = zero_f32(), splat_f32(n_max)
        highest = _highest(x, n)
        inverse = _best_inverse(x, w, highest, n, n_max)
        sums = (zero, zero)
        for i in range(0, 64 * n, 64):
            value, weight = load_f32(x + i), load_f32(w + i)
            step = minimum(rint(mul(inverse, value)), top)
            store_f32(steps + i, _as_byte(step))
            sum_lx = add(sums[0], mul(mul(weight, value), step))
            sums = (sum_lx, add(sums[1], mul(mul(weight, step), step)))
        # ggml stops when a round changes nothing; another round would change nothing either.
        for i in range(5 * n):
            row = i % n * 64
            sums = _refine(sums, x + row, w + row, steps + row, top)
        best = where_greater(sums[1], zero, div(sums[0], sums[1]), zero)
        smallest = splat_f32(np.float32(SMALLEST_GROUP))
        for i in range(0, 64 * n, 64):
            store_f32(steps + i, where_greater(smallest, highest, zero, load_f32(steps + i)))
        store_f32(scale, where_greater(smallest, highest, zero, best))
        return 0

    return search


search_six_bits = positive_search(8, 63)
