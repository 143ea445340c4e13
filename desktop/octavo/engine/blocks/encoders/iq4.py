"""Encode IQ4_NL and IQ4_XS (layouts: ``blocks.iq4``): the scales of 16 groups of 32 are searched at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from octavo.engine.blocks.encoders.importance import weigh_blocks
from octavo.engine.blocks.encoders.lanes import SMALLEST_GROUP, to_lanes
from octavo.engine.blocks.encoders.pack_32 import pack
from octavo.engine.blocks.encoders.search_symmetric import farthest_of
from octavo.engine.blocks.iq4 import STEPS
from octavo.engine.simd.arithmetic import (
    add,
    div,
    mul,
    rint_scalar,
    splat_f32,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.jit import entry, kernel, separate
from octavo.engine.simd.lowering import constant, operation, v16f32, v16i32
from octavo.engine.simd.memory import get_f32, load_f32, put_f16, put_i8, put_i16, store_f32

_X, _W, _NATURAL, _SCALES = 0, 2048, 4096, 6144
SCRATCH_BYTES = 6208


def _choose(b, x, kind, values):
    """The value whose step is nearest, the upper one of two; the last for what is no number."""
    found = constant(kind, values[0])
    for (below, above), value in zip(pairwise(STEPS.tolist()), values[1:], strict=True):
        is_below = b.fcmp_ordered("<", x, constant(v16f32, (below + above) / 2))
        found = b.select(is_below, found, constant(kind, value))
    return found


@operation("F:F")
def _nearest_step(b, x):
    """The nearest step of the table."""
    return _choose(b, x, v16f32, STEPS.tolist())


@operation("I:F")
def _nearest_index(b, x):
    """Where the nearest step stands in the table."""
    return _choose(b, x, v16i32, range(16))


@kernel
def _accumulate(sums, value, weight, inverse):
    """Add a row to the sums of weight * step * value and of weight * step squared."""
    step = _nearest_step(mul(inverse, value))
    weighted = mul(weight, step)
    return add(sums[0], mul(weighted, value)), add(sums[1], mul(weighted, step))


@kernel
def _keep_better(best, sums):
    """Scale and gain; replaced where the new steps fit better."""
    zero, (sum_qx, sum_q2) = zero_f32(), sums
    scale = div(sum_qx, sum_q2)
    gain = where_greater(sum_q2, zero, mul(sum_qx, sum_qx), zero)
    needed = where_greater(sum_q2, zero, mul(best[1], sum_q2), zero)
    return (
        where_greater(gain, needed, scale, best[0]),
        where_greater(gain, needed, mul(scale, sum_qx), best[1]),
    )


@separate
def _search(x: int, w: int, scales: int) -> int:
    """The scales of 16 groups with the least weighted error; 0 where all weights are (nearly) 0.

    ``x`` and ``w`` point to float32[32, 16], a group in each lane; ``scales`` to float32[16].
    """
    zero = zero_f32()
    largest, farthest = farthest_of(x, 32)
    inverse_a = div(splat_f32(np.float32(1)), div(largest, splat_f32(np.float32(127))))
    a = (zero, zero)
    for i in range(0, 2048, 64):
        a = _accumulate(a, load_f32(x + i), load_f32(w + i), inverse_a)
    scale = where_greater(a[1], zero, div(a[0], a[1]), zero)
    best = (scale, mul(scale, a[0]))
    # The scales that give the farthest weight -134 to -120; three at a time hide each other's delays.
    for trial in range(-134, -119, 3):
        inverse_a = div(splat_f32(np.float32(trial)), largest)
        inverse_b = div(splat_f32(np.float32(trial + 1)), largest)
        inverse_c = div(splat_f32(np.float32(trial + 2)), largest)
        a, b, c = (zero, zero), (zero, zero), (zero, zero)
        for i in range(0, 2048, 64):
            value, weight = load_f32(x + i), load_f32(w + i)
            a = _accumulate(a, value, weight, inverse_a)
            b = _accumulate(b, value, weight, inverse_b)
            c = _accumulate(c, value, weight, inverse_c)
        best = _keep_better(_keep_better(_keep_better(best, a), b), c)
    smallest = splat_f32(np.float32(SMALLEST_GROUP))
    store_f32(scales, where_greater(smallest, farthest, zero, best[0]))
    return 0


@kernel
def _write_32(x: int, out: int, scale: np.float32) -> None:
    inverse = splat_f32(np.float32(1) / scale if scale != np.float32(0) else np.float32(0))
    low = _nearest_index(mul(inverse, load_f32(x)))
    pack(out, low, _nearest_index(mul(inverse, load_f32(x + 64))), 4)


@kernel
def _write_256(x: int, out: int, scales: int) -> None:
    largest = np.float32(0)
    for group in range(8):
        scale = get_f32(scales + group * 4)
        if abs(scale) > abs(largest):
            largest = scale
    unit = -largest / np.float32(32)
    inverse = np.float32(1) / unit if unit != np.float32(0) else np.float32(0)
    put_f16(out, unit)
    high, low = 0, 0
    for group in range(8):
        steps = rint_scalar(inverse * get_f32(scales + group * 4))
        steps = max(np.float32(-32), min(np.float32(31), steps))
        _write_32(x + group * 128, out + 8 + group * 16, unit * steps)
        stored = int(steps) + 32
        high |= (stored >> 4) << (2 * group)
        low |= (stored & 15) << (4 * (group % 2))
        if group % 2 == 1:
            put_i8(out + 4 + group // 2, low)
            low = 0
    put_i16(out + 2, high)


@entry
def encode(
    source: int,
    target: int,
    importance: int,
    row_blocks: int,
    first: int,
    last: int,
    scratch: int,
    n_groups: int,
) -> int:
    """Write blocks ``first`` to ``last`` of IQ4_NL (``n_groups`` 1) or IQ4_XS (8) from float32[..., 32 n_groups].

    ``importance`` is 0, or the address of float32[row_blocks, 32 n_groups].
    """
    size, n_bytes, together = 32 * n_groups, 18 if n_groups == 1 else 136, 16 // n_groups
    for start in range(first, last, together):
        x, n = source + start * size * 4, min(together, last - start)
        to_lanes(x, n * n_groups, 32, scratch + _X)
        if importance:
            factor = np.float32(2)
            weigh_blocks(x, importance, row_blocks, start, n, size, factor, scratch + _NATURAL)
            to_lanes(scratch + _NATURAL, n * n_groups, 32, scratch + _W)
        else:
            for i in range(0, 2048, 64):
                weights = load_f32(scratch + _X + i)
                store_f32(scratch + _W + i, mul(weights, weights))
        _search(scratch + _X, scratch + _W, scratch + _SCALES)
        for k in range(n):
            block, out = x + k * size * 4, target + (start + k) * n_bytes
            scales = scratch + _SCALES + k * n_groups * 4
            if n_groups == 1:
                put_f16(out, get_f32(scales))
                _write_32(block, out + 2, get_f32(scales))
            else:
                _write_256(block, out, scales)
    return 0
