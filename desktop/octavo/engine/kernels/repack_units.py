"""Units put into their bits: the last step of packing a block.

Each ``write_*(scratch, out)`` takes the 8 units of a block, one byte a weight, and stores them in the encoding of
``unpack.py`` that it is named for.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.simd.arithmetic import (
    bit_and,
    bit_or,
    bit_xor,
    shift_left_16,
    shift_right_16,
    splat_i32,
    zero_i32,
)
from octavo.engine.simd.jit import kernel
from octavo.engine.simd.memory import load_i32, store_i32

LOW_NIBBLES = np.int32(0x0F0F0F0F)


@kernel
def _shift_16(x, count):
    """Shift each 16 bits, left for a positive count."""
    return shift_left_16(x, np.int32(count)) if count >= 0 else shift_right_16(x, np.int32(-count))


@kernel
def _gather_bit(scratch, bit):
    """Bit ``bit`` of the bytes of unit k, collected as bit k."""
    total = zero_i32()
    for k in range(8):
        moved = _shift_16(load_i32(scratch + 64 * k), k - bit)
        total = bit_or(total, bit_and(moved, splat_i32(_byte_mask(k))))
    return total


@kernel
def _byte_mask(k):
    """Bit ``k`` in each of four bytes."""
    return np.int32(np.uint32(0x01010101) << np.uint32(k))


@kernel
def _gather_two(scratch, j, bit):
    """Bits ``bit`` and ``bit + 1`` of units 2 m + j, collected at bits 2 m."""
    total = zero_i32()
    for m in range(4):
        mask = np.int32(np.uint32(0x03030303) << np.uint32(2 * m))
        moved = _shift_16(load_i32(scratch + 64 * (2 * m + j)), 2 * m - bit)
        total = bit_or(total, bit_and(moved, splat_i32(mask)))
    return total


@kernel
def write_8(scratch, out):
    """A byte for each weight; signed ones become unsigned by adding 128."""
    signs = splat_i32(np.int32(-2139062144))  # 0x80 each
    for k in range(8):
        store_i32(out + 64 * k, bit_xor(load_i32(scratch + 64 * k), signs))


@kernel
def write_4(scratch, out):
    """The low nibbles of units 0 to 3, the high ones of units 4 to 7."""
    mask = splat_i32(LOW_NIBBLES)
    for k in range(4):
        low = bit_and(load_i32(scratch + 64 * k), mask)
        high = bit_and(load_i32(scratch + 64 * (k + 4)), mask)
        store_i32(out + 64 * k, bit_or(low, shift_left_16(high, np.int32(4))))


@kernel
def write_5(scratch, out):
    """4 bits, then the fifth bits."""
    write_4(scratch, out)
    store_i32(out + 256, _gather_bit(scratch, 4))


@kernel
def write_6(scratch, out):
    """4 bits, then the upper two bits."""
    write_4(scratch, out)
    store_i32(out + 256, _gather_two(scratch, 0, 4))
    store_i32(out + 320, _gather_two(scratch, 1, 4))


@kernel
def write_2(scratch, out):
    """Two bits for each weight."""
    store_i32(out, _gather_two(scratch, 0, 0))
    store_i32(out + 64, _gather_two(scratch, 1, 0))


@kernel
def write_3(scratch, out):
    """2 bits, then the third bits."""
    write_2(scratch, out)
    store_i32(out + 128, _gather_bit(scratch, 2))
