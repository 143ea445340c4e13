"""Write 32 steps as Q4_0, Q4_1, Q5_0 and Q5_1 hold them."""

from __future__ import annotations

from octavo.engine.blocks.encoders.lanes import lane_mask
from octavo.engine.simd.arithmetic import bit_and, bit_or, shift_left, splat_i32
from octavo.engine.simd.jit import kernel
from octavo.engine.simd.memory import put_i32, store_i8


@kernel
def pack(out: int, low, high, n_bits: int) -> None:
    """Write steps 0 to 15 and 16 to 31: for 5 bits first the 32 fifth bits, then 16 bytes of nibbles."""
    if n_bits == 5:
        fifth = splat_i32(16)
        put_i32(out, lane_mask(bit_and(low, fifth)) | (lane_mask(bit_and(high, fifth)) << 16))
        out += 4
    nibble = splat_i32(15)
    store_i8(out, bit_or(bit_and(low, nibble), shift_left(bit_and(high, nibble), 4)))
