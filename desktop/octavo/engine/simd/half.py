"""Half precision and bfloat16 to float32 and back, 16 at a time, on every tier.

AVX2 and later (F16C) and every AArch64 have instructions; the older tiers of x86 have none, and LLVM would call library
functions that need not be there, so it computes on the bits (after F. Giesen, "float->half variants", 2012).
"""

from __future__ import annotations

from llvmlite import ir

from octavo.engine.simd.lowering import constant, f16, operation, v16f32, v16i16, v16i32
from octavo.engine.simd.tier import active_tier

_v16f16 = ir.VectorType(f16, 16)


def f16_to_f32(b, bits):
    """<16 x i16> halves to <16 x float>."""
    if active_tier().has_half:
        return b.fpext(b.bitcast(bits, _v16f16), v16f32)
    wide = b.zext(bits, v16i32)
    magnitude = b.shl(b.and_(wide, constant(v16i32, 0x7FFF)), constant(v16i32, 13))
    # 2^112 moves the exponent's bias from 15 to 127, and makes subnormal halves normal.
    scaled = b.bitcast(b.fmul(b.bitcast(magnitude, v16f32), constant(v16f32, 2.0**112)), v16i32)
    special = b.icmp_unsigned(">=", magnitude, constant(v16i32, 0x7C00 << 13))
    scaled = b.select(special, b.or_(magnitude, constant(v16i32, 0x7F800000)), scaled)
    sign = b.shl(b.and_(wide, constant(v16i32, 0x8000)), constant(v16i32, 16))
    return b.bitcast(b.or_(scaled, sign), v16f32)


def f32_to_f16(b, x):
    """<16 x float> to <16 x i16> halves, rounded to nearest even."""
    if active_tier().has_half:
        return b.bitcast(b.fptrunc(x, _v16f16), v16i16)
    bits = b.bitcast(x, v16i32)
    sign = b.and_(bits, constant(v16i32, 0x80000000))
    magnitude = b.xor(bits, sign)
    # Normal halves: add half a step less one, and one more where the last kept bit is odd.
    odd = b.and_(b.lshr(magnitude, constant(v16i32, 13)), constant(v16i32, 1))
    rebiased = b.sub(magnitude, constant(v16i32, 112 << 23))
    normal = b.lshr(b.add(b.add(rebiased, constant(v16i32, 0xFFF)), odd), constant(v16i32, 13))
    # Subnormal halves: adding 0.5 leaves the rounded mantissa in the low bits.
    shifted = b.fadd(b.bitcast(magnitude, v16f32), constant(v16f32, 0.5))
    subnormal = b.sub(b.bitcast(shifted, v16i32), constant(v16i32, 0x3F000000))
    half = b.select(b.icmp_unsigned("<", magnitude, constant(v16i32, 113 << 23)), subnormal, normal)
    infinite = b.icmp_unsigned(">=", magnitude, constant(v16i32, 0x477FF000))
    half = b.select(infinite, constant(v16i32, 0x7C00), half)
    half = b.select(
        b.icmp_unsigned(">", magnitude, constant(v16i32, 0x7F800000)), constant(v16i32, 0x7E00), half
    )
    return b.trunc(b.or_(half, b.lshr(sign, constant(v16i32, 16))), v16i16)


def bf16_to_f32(b, bits):
    """<16 x i16> bfloat16 to <16 x float>."""
    return b.bitcast(b.shl(b.zext(bits, v16i32), constant(v16i32, 16)), v16f32)


@operation("F:I")
def half_power(b, exponents):
    """2 ** (exponent - 128), half of what an E8M0 byte says, for exponents 0 to 255."""
    # Exponents 0 and 1 give subnormal numbers, whose bits are no shifted exponent.
    normal = b.shl(b.sub(exponents, constant(v16i32, 1)), constant(v16i32, 23))
    subnormal = b.add(b.mul(exponents, constant(v16i32, 0x200000)), constant(v16i32, 0x200000))
    return b.bitcast(b.select(b.icmp_signed("<", exponents, constant(v16i32, 2)), subnormal, normal), v16f32)
