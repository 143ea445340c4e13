"""How much a weight counts: its importance, and its size beside the weights around it."""

from __future__ import annotations

import numpy as np

from octavo.engine.simd.arithmetic import add, mul, splat_f32, square_root
from octavo.engine.simd.jit import entry, kernel
from octavo.engine.simd.memory import get_f32, load_f32, put_f32, store_f32


@entry
def mean_squares(source: int, target: int, columns: int, first: int, last: int) -> int:
    """Write the mean square of rows ``first`` to ``last`` of float32[rows, columns], each summed in order."""
    for row in range(first, last, 4):
        # Four sums at a time hide the time that one addition takes.
        a = source + row * columns * 4
        b = source + min(row + 1, last - 1) * columns * 4
        c = source + min(row + 2, last - 1) * columns * 4
        d = source + min(row + 3, last - 1) * columns * 4
        sum_a, sum_b, sum_c, sum_d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for i in range(columns):
            sum_a += get_f32(a + i * 4) * get_f32(a + i * 4)
            sum_b += get_f32(b + i * 4) * get_f32(b + i * 4)
            sum_c += get_f32(c + i * 4) * get_f32(c + i * 4)
            sum_d += get_f32(d + i * 4) * get_f32(d + i * 4)
        n = np.float32(columns)
        put_f32(target + min(row + 3, last - 1) * 4, sum_d / n)
        put_f32(target + min(row + 2, last - 1) * 4, sum_c / n)
        put_f32(target + min(row + 1, last - 1) * 4, sum_b / n)
        put_f32(target + row * 4, sum_a / n)
    return 0


@kernel
def weigh(x, importance, mean: np.float32):
    """How much each weight counts: its importance times its size against the mean square around it."""
    return mul(importance, square_root(add(splat_f32(mean), mul(x, x))))


@kernel
def weigh_blocks(
    x: int, importance: int, row_blocks: int, block: int, n: int, size: int, factor: np.float32, natural: int
) -> None:
    """Write what each weight of ``n`` blocks of ``size`` counts, in the order of the weights.

    ``importance`` is the address of float32[row_blocks, size]; each block's mean square counts ``factor`` times.
    """
    for k in range(n):
        here, target = x + k * size * 4, natural + k * size * 4
        total = np.float32(0)
        for i in range(size):
            total += get_f32(here + i * 4) * get_f32(here + i * 4)
        mean = factor * total / np.float32(size)
        counts = importance + (block + k) % row_blocks * size * 4
        for i in range(0, size * 4, 64):
            store_f32(target + i, weigh(load_f32(here + i), load_f32(counts + i), mean))
