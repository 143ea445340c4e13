"""Loads and stores at addresses, in every width that weights, activations and caches use."""

from __future__ import annotations

from llvmlite import ir

from octavo.engine.simd.half import bf16_to_f32, f16_to_f32, f32_to_f16
from octavo.engine.simd.lowering import (
    call,
    f32,
    i8,
    i16,
    i32,
    i64,
    operation,
    pointer,
    splat,
    v16f32,
    v16i8,
    v16i16,
    v16i32,
)


def _load(b, address, kind):
    return b.load(pointer(b, address, kind), align=1)


def _store(b, address, value) -> None:
    b.store(value, pointer(b, address, value.type), align=1)


@operation("F:p")
def load_f32(b, p):
    """16 float32 at ``p``."""
    return _load(b, p, v16f32)


@operation("v:pF")
def store_f32(b, p, x):
    """Write 16 float32 at ``p``."""
    _store(b, p, x)


@operation("I:p")
def load_i32(b, p):
    """64 bytes at ``p``."""
    return _load(b, p, v16i32)


@operation("v:pI")
def store_i32(b, p, x):
    """Write 64 bytes at ``p``."""
    _store(b, p, x)


@operation("F:p")
def repeat_f32(b, p):
    """The float32 at ``p`` in every lane."""
    return splat(b, _load(b, p, f32), v16f32)


@operation("I:p")
def repeat_i32(b, p):
    """The 4 bytes at ``p`` in every lane."""
    return splat(b, _load(b, p, i32), v16i32)


@operation("F:p")
def load_f16(b, p):
    """16 half-precision numbers at ``p``, widened."""
    return f16_to_f32(b, _load(b, p, v16i16))


@operation("v:pF")
def store_f16(b, p, x):
    """Round to half precision, to nearest even, and write 32 bytes at ``p``."""
    _store(b, p, f32_to_f16(b, x))


@operation("F:p")
def load_bf16(b, p):
    """16 bfloat16 numbers at ``p``, widened."""
    return bf16_to_f32(b, _load(b, p, v16i16))


@operation("I:p")
def load_u8(b, p):
    """16 unsigned bytes at ``p``, widened to int32."""
    return b.zext(_load(b, p, v16i8), v16i32)


@operation("I:p")
def load_i8(b, p):
    """16 signed bytes at ``p``, widened to int32."""
    return b.sext(_load(b, p, v16i8), v16i32)


@operation("v:pI")
def store_i8(b, p, x):
    """Write the low byte of each lane at ``p``."""
    _store(b, p, b.trunc(x, v16i8))


@operation("f:p")
def get_f32(b, p):
    """The float32 at ``p``."""
    return _load(b, p, f32)


@operation("v:pf")
def put_f32(b, p, x) -> None:
    """Write a float32 at ``p``."""
    _store(b, p, x)


def _first(b, vector):
    return b.extract_element(vector, ir.Constant(i32, 0))


@operation("f:p")
def get_f16(b, p):
    """The half-precision number at ``p``, widened."""
    return _first(b, f16_to_f32(b, splat(b, _load(b, p, i16), v16i16)))


@operation("v:pf")
def put_f16(b, p, x) -> None:
    """Round to half precision and write 2 bytes at ``p``."""
    _store(b, p, _first(b, f32_to_f16(b, splat(b, x, v16f32))))


@operation("i:p")
def get_i32(b, p):
    """The int32 at ``p``."""
    return _load(b, p, i32)


@operation("v:pi")
def put_i32(b, p, x) -> None:
    """Write an int32 at ``p``."""
    _store(b, p, x)


@operation("l:p")
def get_i64(b, p):
    """The int64 at ``p``."""
    return _load(b, p, i64)


@operation("d:p")
def get_f64(b, p):
    """The float64 at ``p``."""
    return _load(b, p, ir.DoubleType())


@operation("v:pl")
def put_i64(b, p, x) -> None:
    """Write an int64 at ``p``."""
    _store(b, p, x)


@operation("i:p")
def get_i8(b, p):
    """The signed byte at ``p``."""
    return b.sext(_load(b, p, i8), i32)


@operation("i:p")
def get_u8(b, p):
    """The unsigned byte at ``p``."""
    return b.zext(_load(b, p, i8), i32)


@operation("v:pi")
def put_i8(b, p, x) -> None:
    """Write the low byte at ``p``."""
    _store(b, p, b.trunc(x, i8))


@operation("i:p")
def get_u16(b, p):
    """The unsigned 16 bits at ``p``."""
    return b.zext(_load(b, p, i16), i32)


@operation("v:pi")
def put_i16(b, p, x) -> None:
    """Write the low 16 bits at ``p``."""
    _store(b, p, b.trunc(x, i16))


@operation("v:p")
def prefetch(b, p) -> None:
    """Ask for the cache line at ``p``, for reading, into the second level: its queue of misses is the longest."""
    arguments = [pointer(b, p, i8), ir.Constant(i32, 0), ir.Constant(i32, 2), ir.Constant(i32, 1)]
    call(b, "llvm.prefetch.p0", ir.VoidType(), arguments)


@operation("f:f")
def half(b, x):
    """``x`` rounded to half precision."""
    return _first(b, f16_to_f32(b, f32_to_f16(b, splat(b, x, v16f32))))
