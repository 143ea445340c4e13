"""Write 256 steps of 2 or 3 bits as Q2_K and Q3_K hold them."""

from __future__ import annotations

from octavo.engine.simd.arithmetic import (
    bit_and,
    bit_or,
    round_to_i32,
    shift_left,
    shift_right,
    splat_i32,
    zero_i32,
)
from octavo.engine.simd.jit import kernel
from octavo.engine.simd.memory import load_f32, store_i8


@kernel
def pack_low_2(steps: int, out: int) -> None:
    """Write 64 bytes, the low 2 bits of the steps at ``steps``, float32[256]."""
    mask = splat_i32(3)
    for part in range(4):
        # Weights 128 half + 16 side + 32 k + 0..15, k = 0 to 3, share bytes.
        half, side = part >> 1, part & 1
        joined = zero_i32()
        for k in range(4):
            two = bit_and(round_to_i32(load_f32(steps + 512 * half + 64 * side + 128 * k)), mask)
            joined = bit_or(joined, shift_left(two, 2 * k))
        store_i8(out + 32 * half + 16 * side, joined)


@kernel
def pack_third(steps: int, out: int) -> None:
    """Write 32 bytes, the third bits of the steps."""
    for side in range(2):
        joined = zero_i32()
        for k in range(8):
            third = shift_right(round_to_i32(load_f32(steps + 64 * side + 128 * k)), 2)
            joined = bit_or(joined, shift_left(third, k))
        store_i8(out + 16 * side, joined)
