"""The search for a scale and a minimum: what ``make_qkx2_quants`` and ``make_qkx3_quants`` of ggml do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from octavo.engine.blocks.encoders.lanes import INFINITY, finite_or_zero
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
    where_greater,
    zero_f32,
)
from octavo.engine.simd.jit import kernel, variant
from octavo.engine.simd.memory import load_f32, store_f32

# Bytes of float32[32, 16], and of the results of 16 groups.
SET, RESULT = 2048, 256
# Where the results lie, from ``result``; each is 16 lanes.
SCALE, MINIMUM, INVERSE, BASE = 0, 64, 128, 192


@kernel
def affine_step(x, base, inverse, top):
    """The step of each weight: ``inverse * (x - base)`` rounded, 0 to ``top``."""
    return maximum(minimum(rint(mul(inverse, sub(x, base))), top), zero_f32())


@kernel
def _totals(x: int, w: int, size: int):
    """Lowest (at most 0) and highest weight, sums of what weights count and of weights times that."""
    value, weight = load_f32(x), load_f32(w)
    low, high = value, value
    sum_w, sum_x = weight, mul(weight, value)
    for i in range(1, size):
        value, weight = load_f32(x + i * 64), load_f32(w + i * 64)
        low, high = minimum(value, low), maximum(value, high)
        sum_w, sum_x = add(sum_w, weight), add(sum_x, mul(weight, value))
    zero = zero_f32()
    return where_greater(low, zero, zero, low), high, sum_w, sum_x


@kernel
def _add_error(error, value, weight, step, scale, low, is_square: bool):
    """Add a row's weighted squares, or magnitudes, of ``scale * step + low - value``."""
    difference = sub(add(mul(scale, step), low), value)
    size = mul(difference, difference) if is_square else absolute(difference)
    return add(error, mul(weight, size))


@kernel
def _first_guess(x: int, w: int, totals, top, size: int, is_square: bool):
    """Error, scale, minimum, and the inverse scale and base that give the steps, of the plain range."""
    low, high = totals[0], totals[1]
    inverse = div(top, sub(high, low))
    # A constant group has an infinite inverse, so scale 0 and steps 0.
    scale = div(splat_f32(np.float32(1)), inverse)
    inverse = finite_or_zero(inverse)
    error = zero_f32()
    for i in range(size):
        value = load_f32(x + i * 64)
        step = affine_step(value, low, inverse, top)
        error = _add_error(error, value, load_f32(w + i * 64), step, scale, low, is_square)
    return error, scale, low, inverse, low


@kernel
def _accumulate(sums, x: int, w: int, steps: int, low, inverse, top):
    """Write a row's steps, and add to the sums of w * l, w * l * l and w * l * x."""
    value = load_f32(x)
    step = affine_step(value, low, inverse, top)
    store_f32(steps, step)
    weighted = mul(load_f32(w), step)
    return add(sums[0], weighted), add(sums[1], mul(weighted, step)), add(sums[2], mul(weighted, value))


@kernel
def _fit(sums, totals):
    """Determinant, scale and minimum of the weighted least squares; the minimum is at most 0."""
    zero = zero_f32()
    sum_l, sum_l2, sum_xl = sums
    sum_w, sum_x = totals[2], totals[3]
    determinant = sub(mul(sum_w, sum_l2), mul(sum_l, sum_l))
    scale = div(sub(mul(sum_w, sum_xl), mul(sum_x, sum_l)), determinant)
    low = div(sub(mul(sum_l2, sum_x), mul(sum_l, sum_xl)), determinant)
    scale = where_greater(low, zero, div(sum_xl, sum_l2), scale)
    return determinant, scale, where_greater(low, zero, zero, low)


@kernel
def _keep_better(best, error, fit, inverse):
    """What ``_first_guess`` gives, replaced where the new error is smaller."""
    old = best[0]
    error = where_greater(fit[0], zero_f32(), error, splat_f32(np.float32(INFINITY)))
    return (
        where_greater(old, error, error, old),
        where_greater(old, error, fit[1], best[1]),
        where_greater(old, error, fit[2], best[2]),
        where_greater(old, error, inverse, best[3]),
        where_greater(old, error, best[2], best[4]),
    )


@kernel
def _store(result: int, best) -> None:
    store_f32(result + SCALE, best[1])
    store_f32(result + MINIMUM, sub(splat_f32(np.float32(-0.0)), best[2]))
    store_f32(result + INVERSE, best[3])
    store_f32(result + BASE, best[4])


def affine_search(group: int, is_square: bool) -> Callable[..., int]:
    """The search for scale and minimum of 32 groups of ``group`` weights with the least weighted error.

    The error is a sum of squares, or else of magnitudes. ``x`` and ``w`` are addresses of float32[2, group, 16]:
    weights, and how much each counts; a group in each lane of two sets, which hide each other's delays. The highest
    step is ``n_max``; the scales tried are ``(n_max + first + step * i) / range`` for i = 0 to ``n_steps``. ``steps``
    is the address of float32[2, group, 16] to work in, ``result`` of float32[2, 4, 16]: the scale; the minimum with
    its sign turned; and the inverse scale and the base that gave the best steps (see ``affine_step``).
    """
    set_bytes = 64 * group

    @variant(group, is_square)
    def search(
        x: int,
        w: int,
        n_max: np.float32,
        first: np.float32,
        step: np.float32,
        n_steps: int,
        steps: int,
        result: int,
    ) -> int:
        zero, top = zero_f32(), splat_f32(n_max)
        totals_a, totals_b = _totals(x, w, group), _totals(x + set_bytes, w + set_bytes, group)
        a = _first_guess(x, w, totals_a, top, group, is_square)
        b = _first_guess(x + set_bytes, w + set_bytes, totals_b, top, group, is_square)
        for trial in range(n_steps + 1):
            tried = splat_f32(first + step * np.float32(trial) + n_max)
            inverse_a = finite_or_zero(div(tried, sub(totals_a[1], a[2])))
            inverse_b = finite_or_zero(div(tried, sub(totals_b[1], b[2])))
            sums_a, sums_b = (zero, zero, zero), (zero, zero, zero)
            for i in range(0, set_bytes, 64):
                sums_a = _accumulate(sums_a, x + i, w + i, steps + i, a[2], inverse_a, top)
                j = i + set_bytes
                sums_b = _accumulate(sums_b, x + j, w + j, steps + j, b[2], inverse_b, top)
            fit_a, fit_b = _fit(sums_a, totals_a), _fit(sums_b, totals_b)
            error_a, error_b = zero, zero
            for i in range(0, set_bytes, 64):
                values, weights, found = load_f32(x + i), load_f32(w + i), load_f32(steps + i)
                error_a = _add_error(error_a, values, weights, found, fit_a[1], fit_a[2], is_square)
                j = i + set_bytes
                values, weights, found = load_f32(x + j), load_f32(w + j), load_f32(steps + j)
                error_b = _add_error(error_b, values, weights, found, fit_b[1], fit_b[2], is_square)
            a = _keep_better(a, error_a, fit_a, inverse_a)
            b = _keep_better(b, error_b, fit_b, inverse_b)
        _store(result, a)
        _store(result + RESULT, b)
        return 0

    return search


search_affine = affine_search(32, is_square=True)
