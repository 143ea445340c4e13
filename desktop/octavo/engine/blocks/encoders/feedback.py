"""Round weights one column after the other, each correcting the errors of those before it; a row in each lane."""

from __future__ import annotations

from octavo.engine.simd.arithmetic import (
    add,
    fma,
    maximum,
    minimum,
    mul,
    rint,
    round_to_i32,
    splat_f32,
    sub,
)
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import load_f32, repeat_f32, store_f32, store_i8


@entry
def take_over(
    corrected: int, shares: int, errors: int, n_before: int, n_columns: int, n_rows: int, share_bytes: int
) -> int:
    """Correct the weights of ``n_columns`` columns for the errors of the ``n_before`` columns before them.

    Parameters
    ----------
    corrected
        Address of float32[n_columns, n_rows], changed in place; ``n_columns`` is a multiple of 8.
    shares
        Address of float32[n_before, n_columns], rows ``share_bytes`` apart: how much of the error of each column
        before these each column takes over.
    errors
        Address of float32[n_before, n_rows].
    n_rows
        A multiple of 16. Each row's sums are taken in the same order, however many rows there are.
    """
    row_bytes = 4 * n_rows
    for strip in range(0, row_bytes, 64):
        for first in range(0, n_columns, 8):
            out = corrected + first * row_bytes + strip
            a, b = load_f32(out), load_f32(out + row_bytes)
            c, d = load_f32(out + 2 * row_bytes), load_f32(out + 3 * row_bytes)
            e, f = load_f32(out + 4 * row_bytes), load_f32(out + 5 * row_bytes)
            g, h = load_f32(out + 6 * row_bytes), load_f32(out + 7 * row_bytes)
            for i in range(n_before):
                error = load_f32(errors + i * row_bytes + strip)
                share = shares + i * share_bytes + 4 * first
                a, b = fma(repeat_f32(share), error, a), fma(repeat_f32(share + 4), error, b)
                c, d = fma(repeat_f32(share + 8), error, c), fma(repeat_f32(share + 12), error, d)
                e, f = fma(repeat_f32(share + 16), error, e), fma(repeat_f32(share + 20), error, f)
                g, h = fma(repeat_f32(share + 24), error, g), fma(repeat_f32(share + 28), error, h)
            store_f32(out, a)
            store_f32(out + row_bytes, b)
            store_f32(out + 2 * row_bytes, c)
            store_f32(out + 3 * row_bytes, d)
            store_f32(out + 4 * row_bytes, e)
            store_f32(out + 5 * row_bytes, f)
            store_f32(out + 6 * row_bytes, g)
            store_f32(out + 7 * row_bytes, h)
    return 0


@entry
def round_with_feedback(
    weights: int,
    corrected: int,
    feedback: int,
    grid: int,
    errors: int,
    steps: int,
    n_columns: int,
    group: int,
    n_rows: int,
    lowest: int,
    highest: int,
) -> int:
    """Choose the steps of ``n_columns`` columns of ``n_rows`` rows, whose scales are fixed.

    Parameters
    ----------
    weights, corrected
        Addresses of float32[n_columns, n_rows]: the weights, and the weights corrected for the errors of columns
        before these.
    feedback
        Address of float32[n_columns, n_columns]: how much of the error of column ``i`` column ``j`` takes over,
        at row ``j``.
    grid
        Address of float32[n_columns / group, 3, n_rows]: scale, its inverse (0 for scale 0), and low.
    errors
        Address of float32[n_columns, n_rows], written: weight minus what was chosen for it.
    steps
        Address of uint8[n_columns, n_rows], written: steps counted from ``lowest``.
    n_rows
        A multiple of 16.
    """
    bottom, top = splat_f32(lowest), splat_f32(highest)
    row_bytes = 4 * n_rows
    for strip in range(0, row_bytes, 64):
        for j in range(n_columns):
            at = j * row_bytes + strip
            value = load_f32(corrected + at)
            for i in range(j):
                share = repeat_f32(feedback + (j * n_columns + i) * 4)
                value = fma(share, load_f32(errors + i * row_bytes + strip), value)
            found = grid + j // group * 3 * row_bytes + strip
            scale, inverse, low = (
                load_f32(found),
                load_f32(found + row_bytes),
                load_f32(found + 2 * row_bytes),
            )
            step = maximum(minimum(rint(mul(sub(value, low), inverse)), top), bottom)
            store_f32(errors + at, sub(load_f32(weights + at), add(mul(step, scale), low)))
            store_i8(steps + j * n_rows + strip // 4, round_to_i32(sub(step, bottom)))
    return 0
