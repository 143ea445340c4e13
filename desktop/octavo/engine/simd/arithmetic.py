"""Arithmetic on vectors of 16; only ``fma`` fuses and only sums reassociate, so all tiers give the same results."""

from __future__ import annotations

from llvmlite import ir

from octavo.engine.simd.lowering import (
    call,
    constant,
    f32,
    i32,
    operation,
    splat,
    v16f32,
    v16i16,
    v16i32,
    v32i16,
    v64i8,
)
from octavo.engine.simd.tier import active_tier


@operation("F:f")
def splat_f32(b, x):
    """``x`` in every lane."""
    return splat(b, x, v16f32)


@operation("I:i")
def splat_i32(b, x):
    """``x`` in every lane."""
    return splat(b, x, v16i32)


@operation("F:")
def zero_f32(b):
    """16 zeros."""
    return constant(v16f32, 0.0)


@operation("I:")
def zero_i32(b):
    """64 zero bytes."""
    return constant(v16i32, 0)


@operation("F:FF")
def add(b, x, y):
    """Sum."""
    return b.fadd(x, y)


@operation("F:FF")
def sub(b, x, y):
    """Difference."""
    return b.fsub(x, y)


@operation("F:FF")
def mul(b, x, y):
    """Product."""
    return b.fmul(x, y)


@operation("F:FF")
def div(b, x, y):
    """Quotient."""
    return b.fdiv(x, y)


@operation("F:FFF")
def fma(b, x, y, z):
    """``x * y + z``; fused where the tier can."""
    return call(b, "llvm.fmuladd.v16f32", v16f32, [x, y, z])


@operation("F:FF")
def maximum(b, x, y):
    """The larger; ``y`` where one is NaN."""
    return b.select(b.fcmp_ordered(">", x, y), x, y)


@operation("F:FF")
def minimum(b, x, y):
    """The smaller; ``y`` where one is NaN."""
    return b.select(b.fcmp_ordered("<", x, y), x, y)


@operation("F:F")
def absolute(b, x):
    """Magnitude."""
    return call(b, "llvm.fabs.v16f32", v16f32, [x])


@operation("F:F")
def square_root(b, x):
    """Square root, correctly rounded."""
    return call(b, "llvm.sqrt.v16f32", v16f32, [x])


def emit_rint(b, x):
    """Round to the nearest integer, halves to even; without SSE4.1 by adding 2^23 and taking it away."""
    if active_tier().name != "portable":
        return call(b, "llvm.rint.v16f32", v16f32, [x])
    whole = constant(v16f32, 8388608.0)  # from here on every float32 is an integer
    magnitude = call(b, "llvm.fabs.v16f32", v16f32, [x])
    rounded = b.fsub(b.fadd(magnitude, whole), whole)
    rounded = call(b, "llvm.copysign.v16f32", v16f32, [rounded, x])
    return b.select(b.fcmp_ordered("<", magnitude, whole), rounded, x)


@operation("F:F")
def rint(b, x):
    """The nearest integer, halves to even (C's ``nearbyintf``)."""
    return emit_rint(b, x)


@operation("F:F")
def round_half_away(b, x):
    """The nearest integer, halves away from zero (C's ``roundf``); magnitudes under 2^31."""
    truncated = b.sitofp(b.fptosi(x, v16i32), v16f32)
    rest = call(b, "llvm.fabs.v16f32", v16f32, [b.fsub(x, truncated)])
    away = b.fadd(truncated, call(b, "llvm.copysign.v16f32", v16f32, [constant(v16f32, 1.0), x]))
    return b.select(b.fcmp_ordered(">=", rest, constant(v16f32, 0.5)), away, truncated)


@operation("I:F")
def truncate(b, x):
    """To int32, toward zero."""
    return b.fptosi(x, v16i32)


@operation("I:F")
def round_to_i32(b, x):
    """To int32, to nearest even."""
    return b.fptosi(emit_rint(b, x), v16i32)


@operation("F:I")
def to_f32(b, x):
    """From int32."""
    return b.sitofp(x, v16f32)


@operation("F:I")
def as_f32(b, x):
    """The same bits as float32."""
    return b.bitcast(x, v16f32)


@operation("I:F")
def as_i32(b, x):
    """The same bits as int32."""
    return b.bitcast(x, v16i32)


@operation("F:FFFF")
def where_greater(b, x, y, yes, no):
    """``yes`` where ``x > y``, else ``no``."""
    return b.select(b.fcmp_ordered(">", x, y), yes, no)


@operation("F:FFFF")
def where_equal(b, x, y, yes, no):
    """``yes`` where ``x == y``, else ``no``."""
    return b.select(b.fcmp_ordered("==", x, y), yes, no)


@operation("I:II")
def add_i32(b, x, y):
    """Sum."""
    return b.add(x, y)


@operation("I:II")
def sub_i32(b, x, y):
    """Difference."""
    return b.sub(x, y)


@operation("I:II")
def sub_i8(b, x, y):
    """Difference of each of 64 bytes."""
    return b.bitcast(b.sub(b.bitcast(x, v64i8), b.bitcast(y, v64i8)), v16i32)


@operation("I:II")
def mul_i32(b, x, y):
    """Product."""
    return b.mul(x, y)


@operation("I:II")
def bit_and(b, x, y):
    """Bitwise and."""
    return b.and_(x, y)


@operation("I:II")
def bit_or(b, x, y):
    """Bitwise or."""
    return b.or_(x, y)


@operation("I:II")
def bit_xor(b, x, y):
    """Bitwise exclusive or."""
    return b.xor(x, y)


@operation("I:Ii")
def shift_left_16(b, x, count):
    """Each 16 bits shifted left."""
    counts = splat(b, b.trunc(count, v16i16.element), v32i16)
    return b.bitcast(b.shl(b.bitcast(x, v32i16), counts), v16i32)


@operation("I:Ii")
def shift_right_16(b, x, count):
    """Each 16 bits shifted right, zeros moving in."""
    counts = splat(b, b.trunc(count, v16i16.element), v32i16)
    return b.bitcast(b.lshr(b.bitcast(x, v32i16), counts), v16i32)


@operation("I:Ii")
def shift_left(b, x, count):
    """Each 32 bits shifted left."""
    return b.shl(x, splat(b, count, v16i32))


@operation("I:Ii")
def shift_right(b, x, count):
    """Each 32 bits shifted right, zeros moving in."""
    return b.lshr(x, splat(b, count, v16i32))


@operation("f:F")
def sum_lanes(b, x):
    """The sum of the 16 lanes, by halves: the same order on every tier."""
    return call(b, "llvm.vector.reduce.fadd.v16f32", f32, [ir.Constant(f32, -0.0), x], fastmath=("reassoc",))


@operation("f:F")
def max_lane(b, x):
    """The largest lane."""
    return call(b, "llvm.vector.reduce.fmax.v16f32", f32, [x], fastmath=("nnan",))


@operation("i:I")
def sum_lanes_i32(b, x):
    """The sum of the 16 lanes."""
    return call(b, "llvm.vector.reduce.add.v16i32", i32, [x])


@operation("f:f")
def rint_scalar(b, x):
    """The nearest integer, halves to even."""
    return b.extract_element(emit_rint(b, splat(b, x, v16f32)), ir.Constant(i32, 0))


@operation("F:")
def lane_numbers(b):
    """0 to 15."""
    return ir.Constant(v16f32, [float(lane) for lane in range(16)])
