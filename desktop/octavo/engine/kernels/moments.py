"""Second moments: what rows of float32 give when each is multiplied by itself, summed in the order of the rows.

The processor's own BLAS would be as fast, but its idle threads keep the cores busy that the model needs next, and
its sums depend on how many threads there are.
"""

from __future__ import annotations

from octavo.engine.simd.arithmetic import add, fma, zero_f32
from octavo.engine.simd.jit import entry, kernel
from octavo.engine.simd.memory import load_f32, repeat_f32, store_f32

COLUMNS = 32  # what a tile is wide
ROWS = 8  # and high


@kernel
def _add_to(target, low, high) -> None:
    store_f32(target, add(load_f32(target), low))
    store_f32(target + 64, add(load_f32(target + 64), high))


@kernel
def _add_tile(x: int, n_tokens: int, row_bytes: int, i: int, j: int, target: int) -> None:
    """Add the products of columns ``i`` to ``i + 7`` with columns ``j`` to ``j + 31``, at byte offsets."""
    zero = zero_f32()
    a0, a1, a2, a3, a4, a5, a6, a7 = zero, zero, zero, zero, zero, zero, zero, zero
    b0, b1, b2, b3, b4, b5, b6, b7 = zero, zero, zero, zero, zero, zero, zero, zero
    for t in range(n_tokens):
        row = x + t * row_bytes
        low, high = load_f32(row + j), load_f32(row + j + 64)
        at = row + i
        each = repeat_f32(at)
        a0, b0 = fma(each, low, a0), fma(each, high, b0)
        each = repeat_f32(at + 4)
        a1, b1 = fma(each, low, a1), fma(each, high, b1)
        each = repeat_f32(at + 8)
        a2, b2 = fma(each, low, a2), fma(each, high, b2)
        each = repeat_f32(at + 12)
        a3, b3 = fma(each, low, a3), fma(each, high, b3)
        each = repeat_f32(at + 16)
        a4, b4 = fma(each, low, a4), fma(each, high, b4)
        each = repeat_f32(at + 20)
        a5, b5 = fma(each, low, a5), fma(each, high, b5)
        each = repeat_f32(at + 24)
        a6, b6 = fma(each, low, a6), fma(each, high, b6)
        each = repeat_f32(at + 28)
        a7, b7 = fma(each, low, a7), fma(each, high, b7)
    _add_to(target, a0, b0)
    _add_to(target + row_bytes, a1, b1)
    _add_to(target + 2 * row_bytes, a2, b2)
    _add_to(target + 3 * row_bytes, a3, b3)
    _add_to(target + 4 * row_bytes, a4, b4)
    _add_to(target + 5 * row_bytes, a5, b5)
    _add_to(target + 6 * row_bytes, a6, b6)
    _add_to(target + 7 * row_bytes, a7, b7)


@entry
def add_moments(x: int, target: int, n_tokens: int, n_columns: int, first: int, last: int) -> int:
    """Add ``x^T x`` to rows ``8 first`` to ``8 last`` of the target, from each row's own tile on to the right.

    Parameters
    ----------
    x
        Address of float32[n_tokens, n_columns]; ``n_columns`` is a multiple of 32.
    target
        Address of float32[n_columns, n_columns]. What lies left of the diagonal's tiles is not touched.
    """
    row_bytes = 4 * n_columns
    for block in range(first, last):
        i = 4 * ROWS * block
        for j in range(i // (4 * COLUMNS) * 4 * COLUMNS, row_bytes, 4 * COLUMNS):
            _add_tile(x, n_tokens, row_bytes, i, j, target + ROWS * block * row_bytes + j)
    return 0
