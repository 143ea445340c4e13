"""Quantized weights in packed order: the unsigned bytes of each unit, and their dot product with activations.

A block is 16 rows times 32 columns, a unit 16 rows times 4 columns (64 bytes, one vector); a block has 8 units.
Encodings are named by their bits; ``p`` is the address of a block::

    8 bits  512 bytes: unit k at 64 k
    4 bits  256 bytes: unit k in the low nibbles at 64 k, unit k + 4 in the high ones
    5 bits  320 bytes: 4 bits, then 64 bytes whose bit k is the fifth bit of unit k
    6 bits  384 bytes: 4 bits, then 2 x 64 bytes: vector j has the upper bits of unit 2 m + j at bits 2 m
    2 bits  128 bytes: vector j has unit 2 m + j at bits 2 m
    3 bits  192 bytes: 2 bits, then 64 bytes whose bit k is the third bit of unit k
"""

from __future__ import annotations

import numpy as np

from octavo.engine.simd.arithmetic import bit_and, bit_or, shift_left_16, shift_right_16, splat_i32
from octavo.engine.simd.dot import biased_i8, dot_i8, dot_u5_four, dot_u6_four
from octavo.engine.simd.jit import kernel
from octavo.engine.simd.memory import load_i32, prefetch, repeat_i32

AHEAD = 24576  # bytes; measured best from DRAM between 4 and 24 kB, where the prefetch fills the second cache

LOW_NIBBLES = np.int32(0x0F0F0F0F)
_BIT_2 = np.int32(0x04040404)
_BIT_4 = np.int32(0x10101010)
_BITS_4_5 = np.int32(0x30303030)
_LOW_2 = np.int32(0x03030303)


@kernel
def fetch(p, n_lines):
    """Ask for what comes ``AHEAD`` bytes later."""
    for line in range(n_lines):
        prefetch(p + AHEAD + 64 * line)


@kernel
def _place_bit(h, k, target, mask):
    """Bit ``k`` of each byte of ``h`` moved to the bit of ``mask``."""
    moved = shift_left_16(h, np.int32(target - k)) if k < target else shift_right_16(h, np.int32(k - target))
    return bit_and(moved, splat_i32(mask))


@kernel
def dot_8(p, x, low, high):
    """Add the dot products of units 0-3 to ``low`` and of units 4-7 to ``high``; ``x`` has 32 int8.

    The weights less 128, if ``low`` or ``high`` began with ``start_i8``.
    """
    fetch(p, 8)
    for k in range(4):
        low = dot_i8(low, biased_i8(load_i32(p + 64 * k)), repeat_i32(x + 4 * k))
        high = dot_i8(high, biased_i8(load_i32(p + 64 * k + 256)), repeat_i32(x + 4 * k + 16))
    return low, high


@kernel
def _four(acc, a, b, c, d, x):
    """Add four units of weights under 32 times 16 int8 at ``x``."""
    return dot_u5_four(
        acc, a, b, c, d, repeat_i32(x), repeat_i32(x + 4), repeat_i32(x + 8), repeat_i32(x + 12)
    )


@kernel
def _low_4(p, k):
    return bit_and(load_i32(p + 64 * k), splat_i32(LOW_NIBBLES))


@kernel
def _high_4(p, k):
    return bit_and(shift_right_16(load_i32(p + 64 * k), np.int32(4)), splat_i32(LOW_NIBBLES))


@kernel
def dot_4(p, x, low, high):
    """The same for 4 bits."""
    fetch(p, 4)
    low = _four(low, _low_4(p, 0), _low_4(p, 1), _low_4(p, 2), _low_4(p, 3), x)
    high = _four(high, _high_4(p, 0), _high_4(p, 1), _high_4(p, 2), _high_4(p, 3), x + 16)
    return low, high


@kernel
def _unit_5(p, k):
    """Unit ``k`` of 5 bits."""
    nibbles = _low_4(p, k) if k < 4 else _high_4(p, k - 4)
    return bit_or(nibbles, _place_bit(load_i32(p + 256), k, 4, _BIT_4))


@kernel
def dot_5(p, x, low, high):
    """The same for 5 bits."""
    fetch(p, 5)
    low = _four(low, _unit_5(p, 0), _unit_5(p, 1), _unit_5(p, 2), _unit_5(p, 3), x)
    high = _four(high, _unit_5(p, 4), _unit_5(p, 5), _unit_5(p, 6), _unit_5(p, 7), x + 16)
    return low, high


@kernel
def _upper_two(h, m):
    """Bits 2 m, 2 m + 1 of each byte of ``h`` moved to bits 4 and 5."""
    moved = shift_left_16(h, np.int32(4 - 2 * m)) if m < 2 else shift_right_16(h, np.int32(2 * m - 4))
    return bit_and(moved, splat_i32(_BITS_4_5))


@kernel
def _unit_6(p, k):
    """Unit ``k`` of 6 bits."""
    nibbles = _low_4(p, k) if k < 4 else _high_4(p, k - 4)
    return bit_or(nibbles, _upper_two(load_i32(p + 256 + 64 * (k % 2)), k // 2))


@kernel
def _four_6(acc, p, k, x):
    """Add units ``k`` to ``k + 3`` of 6 bits times 16 int8 at ``x``."""
    a, b, c, d = _unit_6(p, k), _unit_6(p, k + 1), _unit_6(p, k + 2), _unit_6(p, k + 3)
    return dot_u6_four(
        acc, a, b, c, d, repeat_i32(x), repeat_i32(x + 4), repeat_i32(x + 8), repeat_i32(x + 12)
    )


@kernel
def dot_6(p, x, low, high):
    """The same for 6 bits."""
    fetch(p, 6)
    return _four_6(low, p, 0, x), _four_6(high, p, 4, x + 16)


@kernel
def _unit_2(p, k):
    """Unit ``k`` of 2 bits."""
    return bit_and(shift_right_16(load_i32(p + 64 * (k % 2)), np.int32(2 * (k // 2))), splat_i32(_LOW_2))


@kernel
def dot_2(p, x, low, high):
    """The same for 2 bits."""
    fetch(p, 2)
    low = _four(low, _unit_2(p, 0), _unit_2(p, 1), _unit_2(p, 2), _unit_2(p, 3), x)
    high = _four(high, _unit_2(p, 4), _unit_2(p, 5), _unit_2(p, 6), _unit_2(p, 7), x + 16)
    return low, high


@kernel
def _unit_3(p, k):
    """Unit ``k`` of 3 bits."""
    return bit_or(_unit_2(p, k), _place_bit(load_i32(p + 128), k, 2, _BIT_2))


@kernel
def dot_3(p, x, low, high):
    """The same for 3 bits."""
    fetch(p, 3)
    low = _four(low, _unit_3(p, 0), _unit_3(p, 1), _unit_3(p, 2), _unit_3(p, 3), x)
    high = _four(high, _unit_3(p, 4), _unit_3(p, 5), _unit_3(p, 6), _unit_3(p, 7), x + 16)
    return low, high


@kernel
def unit(bits, p, k):
    """Unit ``k`` of a block as 64 unsigned bytes, whatever its encoding: for prefill and for looking rows up."""
    if bits == 8:
        return load_i32(p + 64 * k)
    if bits == 2:
        return _unit_2(p, k)
    if bits == 3:
        return _unit_3(p, k)
    if bits == 5:
        return _unit_5(p, k)
    if bits == 6:
        return _unit_6(p, k)
    return _low_4(p, k) if k < 4 else _high_4(p, k - 4)


@kernel
def block_bytes(bits):
    """Bytes of a block of 16 rows and 32 columns."""
    return 64 * bits
