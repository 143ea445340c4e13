"""The searches for good scales that ggml makes, in plain numpy: each group of weights is one lane.

What counts is the order of the float32 operations, because the bytes must equal those of ``ggml-quants.c``:
sums run over the weights of a group one after the other, nothing is fused, quotients are true quotients.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Bytes, Floats

_TENTH = np.float32(0.1)
_SMALLEST_GROUP = np.float32(1e-15)


def nearest(x: Floats) -> Floats:
    """Round to whole numbers, halves to even; what is infinite or not a number becomes 0.

    ggml rounds by adding 1.5 * 2**23, which gives a very negative number for infinity; every caller
    clamps it to the lowest step.
    """
    return np.where(np.isfinite(x), np.rint(x), np.float32(0))


def search_affine(
    x: Floats,
    w: Floats,
    n_max: int,
    first: float,
    step: float,
    n_steps: int,
    *,
    is_square: bool = True,
) -> tuple[Floats, Floats, Bytes]:
    """Find scale and minimum with least weighted error (``make_qkx2_quants``, ``make_qkx3_quants``).

    Parameters
    ----------
    x, w : float32[n, size]
        Groups of weights, and how much each counts.
    n_max : int
        The highest step.
    first, step, n_steps
        The scales tried are ``(n_max + first + step * i) / range`` for i = 0 to n_steps.
    is_square : bool
        Whether the error is a sum of squares, or of magnitudes.

    Returns
    -------
    float32[n], float32[n], uint8[n, size]
        Scale, minimum with its sign turned (never negative), and each weight's step.
    """
    x, w = np.ascontiguousarray(x.T), np.ascontiguousarray(w.T)
    size, n = x.shape
    zero, top = np.float32(0), np.float32(n_max)
    # The first of equal minima: zeros have signs, and Q4_1 and Q5_1 store the minimum.
    low, high = np.take_along_axis(x, x.argmin(axis=0)[None], axis=0)[0], x.max(axis=0)
    low = np.where(low > 0, zero, low)
    sum_w, sum_x = w[0].copy(), w[0] * x[0]
    for i in range(1, size):
        sum_w += w[i]
        sum_x += w[i] * x[i]
    inverse = top / (high - low)
    scale, best_steps = np.float32(1) / inverse, np.empty_like(x)
    error = np.zeros(n, np.float32)
    for i in range(size):
        best_steps[i] = np.clip(nearest(inverse * (x[i] - low)), zero, top)
        difference = scale * best_steps[i] + low - x[i]
        error += w[i] * (difference * difference if is_square else np.abs(difference))
    is_constant = high == low
    steps = np.empty_like(x)
    for trial in range(n_steps + 1):
        inverse = (np.float32(first) + np.float32(step) * np.float32(trial) + top) / (high - low)
        sum_l, sum_l2, sum_xl = (np.zeros(n, np.float32) for _ in range(3))
        for i in range(size):
            steps[i] = np.clip(nearest(inverse * (x[i] - low)), zero, top)
            weighted = w[i] * steps[i]
            sum_l += weighted
            sum_l2 += weighted * steps[i]
            sum_xl += weighted * x[i]
        determinant = sum_w * sum_l2 - sum_l * sum_l
        new_scale = (sum_w * sum_xl - sum_x * sum_l) / determinant
        new_low = (sum_l2 * sum_x - sum_l * sum_xl) / determinant
        is_above = new_low > 0
        new_scale = np.where(is_above, sum_xl / sum_l2, new_scale)
        new_low = np.where(is_above, zero, new_low)
        new_error = np.zeros(n, np.float32)
        for i in range(size):
            difference = new_scale * steps[i] + new_low - x[i]
            new_error += w[i] * (difference * difference if is_square else np.abs(difference))
        is_better = (determinant > 0) & (new_error < error)
        error = np.where(is_better, new_error, error)
        scale = np.where(is_better, new_scale, scale)
        low = np.where(is_better, new_low, low)
        best_steps = np.where(is_better, steps, best_steps)
    scale = np.where(is_constant, zero, scale)
    best_steps[:, is_constant] = 0
    return scale, -low, best_steps.T.astype(np.uint8)


def search_symmetric(x: Floats, w: Floats, n_max: int) -> tuple[Floats, Bytes]:
    """Find the scale with least weighted error of steps from -n_max to n_max - 1 (``make_qx_quants``).

    Parameters
    ----------
    x, w : float32[n, size]
        Groups of weights, and how much each counts.

    Returns
    -------
    float32[n], uint8[n, size]
        Scale, and each weight's step plus ``n_max``; both 0 where all weights are (nearly) 0.
    """
    x, w = np.ascontiguousarray(x.T), np.ascontiguousarray(w.T)
    size, n = x.shape
    largest = np.take_along_axis(x, np.abs(x).argmax(axis=0)[None], axis=0)[0]
    top, is_zero = np.float32(n_max), np.abs(largest) < _SMALLEST_GROUP
    scale, best, best_steps = np.zeros(n, np.float32), np.zeros(n, np.float32), np.empty_like(x)
    steps = np.empty_like(x)
    for trial in (0, *range(-9, 0), *range(1, 10)):
        inverse = -(top + _TENTH * np.float32(trial)) / largest
        sum_lx, sum_l2 = np.zeros(n, np.float32), np.zeros(n, np.float32)
        for i in range(size):
            steps[i] = np.clip(nearest(inverse * x[i]), -top, top - 1)
            sum_lx += w[i] * x[i] * steps[i]
            sum_l2 += w[i] * steps[i] * steps[i]
        is_better = (sum_l2 > 0) & (sum_lx * sum_lx > best * sum_l2) | np.bool_(trial == 0)
        scale = np.where(is_better, np.where(sum_l2 != 0, sum_lx / sum_l2, np.float32(0)), scale)
        best = np.where(is_better, scale * sum_lx, best)
        best_steps = np.where(is_better, steps, best_steps)
    best_steps += top
    best_steps[:, is_zero] = 0
    return np.where(is_zero, np.float32(0), scale), best_steps.T.astype(np.uint8)


def _ggml_nearest(x: Floats) -> Floats:
    """How ggml rounds; numbers over 2**22 give any."""
    bits = (x + np.float32(12582912)).view(np.int32) & 0x7FFFFF
    return (bits - 0x400000).astype(np.float32)


def search_refined(x: Floats) -> tuple[Floats, Bytes]:
    """Find one scale for steps from -4 to 3, and refine the steps (``make_q3_quants``).

    Parameters
    ----------
    x : float32[n, size]
        Groups of weights, each counting by its square.

    Returns
    -------
    float32[n], uint8[n, size]
        Scale, and each weight's step plus 4; both 0 where all weights are (nearly) 0.
    """
    x = np.ascontiguousarray(x.T)
    size, n = x.shape
    largest = np.take_along_axis(x, np.abs(x).argmax(axis=0)[None], axis=0)[0]
    w, steps = x * x, np.empty_like(x)
    inverse = np.float32(-4) / largest
    sum_lx, sum_l2 = np.zeros(n, np.float32), np.zeros(n, np.float32)
    for i in range(size):
        steps[i] = np.clip(_ggml_nearest(inverse * x[i]), -4, 3)
        sum_lx += w[i] * x[i] * steps[i]
        sum_l2 += w[i] * steps[i] * steps[i]
    for i in [*range(size)] * 5:
        rest_lx = sum_lx - w[i] * x[i] * steps[i]
        rest_l2 = sum_l2 - w[i] * steps[i] * steps[i]
        new = np.clip(_ggml_nearest(x[i] * rest_l2 / rest_lx), -4, 3)
        new_lx, new_l2 = rest_lx + w[i] * x[i] * new, rest_l2 + w[i] * new * new
        is_better = (rest_lx > 0) & (new != steps[i]) & (new_l2 > 0)
        is_better &= new_lx * new_lx * sum_l2 > sum_lx * sum_lx * new_l2
        steps[i] = np.where(is_better, new, steps[i])
        sum_lx, sum_l2 = np.where(is_better, new_lx, sum_lx), np.where(is_better, new_l2, sum_l2)
    is_zero = np.abs(largest) < _SMALLEST_GROUP
    steps += 4
    steps[:, is_zero] = 0
    return np.where(is_zero | (sum_l2 <= 0), np.float32(0), sum_lx / sum_l2), steps.T.astype(np.uint8)


def as_byte(x: Floats) -> Floats:
    """What C makes of a whole number kept in a ``uint8_t``; scales can be negative where little counts."""
    return np.mod(x, np.float32(256))


def search_positive(x: Floats, w: Floats, n_max: int) -> tuple[Floats, Bytes]:
    """Find one scale for numbers that are rarely negative, and refine the steps (``make_qp_quants``).

    Parameters
    ----------
    x, w : float32[n, size]
        The numbers, and how much each counts.

    Returns
    -------
    float32[n], uint8[n, size]
        Scale, and each number's step.
    """
    x, w = np.ascontiguousarray(x.T), np.ascontiguousarray(w.T)
    size, n = x.shape
    top, highest = np.float32(n_max), np.maximum(x.max(axis=0), np.float32(0))
    inverse, error = top / highest, np.zeros(n, np.float32)
    for trial in (0, *range(-4, 0), *range(1, 5)):
        new_inverse = (_TENTH * np.float32(trial) + top) / highest
        new_scale, new_error = np.float32(1) / new_inverse, np.zeros(n, np.float32)
        for i in range(size):
            step = nearest(new_inverse * x[i])
            step = as_byte(step) if trial == 0 else np.minimum(step, top)
            difference = x[i] - new_scale * step
            new_error += w[i] * difference * difference
        is_better = (new_error < error) | np.bool_(trial == 0)
        inverse, error = np.where(is_better, new_inverse, inverse), np.where(is_better, new_error, error)
    steps = np.minimum(nearest(inverse * x), top)
    sum_lx, sum_l2 = np.zeros(n, np.float32), np.zeros(n, np.float32)
    for i in range(size):
        sum_lx += w[i] * x[i] * steps[i]
        sum_l2 += w[i] * steps[i] * steps[i]
    steps = as_byte(steps)
    for i in [*range(size)] * 5:
        rest_lx = sum_lx - w[i] * x[i] * steps[i]
        rest_l2 = sum_l2 - w[i] * steps[i] * steps[i]
        new = np.minimum(nearest(x[i] * rest_l2 / rest_lx), top)
        new_lx, new_l2 = rest_lx + w[i] * x[i] * new, rest_l2 + w[i] * new * new
        is_better = (rest_lx > 0) & (rest_l2 > 0) & (new != steps[i])
        is_better &= new_lx * new_lx * sum_l2 > sum_lx * sum_lx * new_l2
        steps[i] = np.where(is_better, as_byte(new), steps[i])
        sum_lx, sum_l2 = np.where(is_better, new_lx, sum_lx), np.where(is_better, new_l2, sum_l2)
    is_zero = highest < _SMALLEST_GROUP
    scale = np.where(is_zero | (sum_l2 <= 0), np.float32(0), sum_lx / sum_l2)
    steps[:, is_zero] = 0
    return scale, steps.T.astype(np.uint8)
