"""Dot products of four bytes per lane: the operations that decide the speed, one way per tier.

``u`` holds unsigned bytes (weights), ``s`` signed ones (activations); lane ``i`` of the result is
``acc[i] + sum(u[4 i + j] * s[4 i + j] for j in 0..3)``, exact.

Signed weights ``w`` are multiplied by ``dot_i8``. AVX512-VNNI has unsigned times signed only, so there they have
``BIAS`` = 128 added, and the accumulator begins with ``start_i8(-sum(s))``, which takes it off; elsewhere both
are 0. ``s`` must not hold -128.
"""

from __future__ import annotations

from functools import reduce

from llvmlite import ir

from octavo.engine.simd.lowering import (
    call,
    constant,
    i8,
    i16,
    i32,
    operation,
    shuffle,
    v16i32,
    v32i16,
    v32i32,
    v64i8,
)
from octavo.engine.simd.tier import active_tier

BIAS = 128 if active_tier().name == "avx512" else 0

_v32i8, _v16i16, _v8i32 = ir.VectorType(i8, 32), ir.VectorType(i16, 16), ir.VectorType(i32, 8)


def _halves(b, x):
    """A 64-byte vector as two of 32 bytes."""
    whole = b.bitcast(x, v64i8)
    return [shuffle(b, whole, whole, range(start, start + 32)) for start in (0, 32)]


def _join(b, low, high):
    return shuffle(b, low, high, range(16))


def _pairs(b, products):
    """<32 x i32>: the sums of neighbours, <16 x i32>."""
    even = shuffle(b, products, products, range(0, 32, 2))
    odd = shuffle(b, products, products, range(1, 32, 2))
    return b.add(even, odd)


def _widened(b, x, is_signed):
    """Bytes 2 i and bytes 2 i + 1, each as 16 bits."""
    words, eight = b.bitcast(x, v32i16), constant(v32i16, 8)
    if is_signed:
        return b.ashr(b.shl(words, eight), eight), b.ashr(words, eight)
    return b.and_(words, constant(v32i16, 0xFF)), b.lshr(words, eight)


def _dot_generic(b, acc, u, s, is_signed=False):
    """Bytes widened to 16 bits; LLVM turns the pattern into pmaddwd, smull or the like."""
    for x, y in zip(_widened(b, u, is_signed), _widened(b, s, True), strict=True):
        acc = b.add(acc, _pairs(b, b.mul(b.sext(x, v32i32), b.sext(y, v32i32))))
    return acc


def _dot_avx2_narrow(b, acc, u, s):
    """Vpmaddubsw adds pairs with saturation at 32767: safe while u < 128 (2 * 127 * 128 = 32512)."""
    sums = []
    for half_u, half_s in zip(_halves(b, u), _halves(b, s), strict=True):
        pairs = call(b, "llvm.x86.avx2.pmadd.ub.sw", _v16i16, [half_u, half_s])
        sums.append(call(b, "llvm.x86.avx2.pmadd.wd", _v8i32, [pairs, constant(_v16i16, 1)]))
    return b.add(acc, _join(b, *sums))


def _dot_avx2_four(b, acc, us, ss, together):
    """Four dot products; 16 bits hold the sums of ``together`` pairs."""
    halves = []
    for half in range(2):
        pairs = [
            call(b, "llvm.x86.avx2.pmadd.ub.sw", _v16i16, [_halves(b, u)[half], _halves(b, s)[half]])
            for u, s in zip(us, ss, strict=True)
        ]
        wide = []
        for start in range(0, 4, together):
            total = reduce(b.add, pairs[start : start + together])
            wide.append(call(b, "llvm.x86.avx2.pmadd.wd", _v8i32, [total, constant(_v16i16, 1)]))
        halves.append(reduce(b.add, wide))
    return b.add(acc, _join(b, *halves))


def _dot_four(b, acc, values, together):
    us, ss = values[:4], values[4:]
    if active_tier().name == "avx2":
        return _dot_avx2_four(b, acc, us, ss, together)
    for u, s in zip(us, ss, strict=True):
        acc = emit_dot(b, acc, u, s, narrow=True)
    return acc


def emit_dot(b, acc, u, s, *, narrow: bool):
    """``acc`` plus the dot products; ``narrow`` promises that every byte of ``u`` is under 128."""
    tier = active_tier().name
    if tier == "avx512":
        bytes_u, bytes_s = b.bitcast(u, v64i8), b.bitcast(s, v64i8)
        return call(b, "llvm.x86.avx512.vpdpbusd.512", v16i32, [acc, bytes_u, bytes_s])
    if tier == "avx2" and narrow:
        return _dot_avx2_narrow(b, acc, u, s)
    return _dot_generic(b, acc, u, s)


@operation("I:IIIIIIIII")
def dot_u5_four(b, acc, *values):
    """Dot products of four times unsigned bytes under 32 with four times signed ones that are not -128."""
    return _dot_four(b, acc, values, 4)


@operation("I:IIIIIIIII")
def dot_u6_four(b, acc, *values):
    """The same with unsigned bytes under 64."""
    return _dot_four(b, acc, values, 2)


@operation("I:III")
def dot_u8(b, acc, u, s):
    """Dot products of any unsigned bytes with signed ones."""
    return emit_dot(b, acc, u, s, narrow=False)


@operation("I:III")
def dot_u7(b, acc, u, s):
    """Dot products of unsigned bytes under 128 with signed ones."""
    return emit_dot(b, acc, u, s, narrow=True)


def _signs_moved(b, w, s):
    """Signed times signed as unsigned times signed: magnitudes, and ``s`` with the weights' signs."""
    bytes_w, bytes_s = b.bitcast(w, v64i8), b.bitcast(s, v64i8)
    low, high = (
        call(b, "llvm.x86.avx2.psign.b", _v32i8, [x, y])
        for x, y in zip(_halves(b, bytes_s), _halves(b, bytes_w), strict=True)
    )
    size = call(b, "llvm.abs.v64i8", v64i8, [bytes_w, ir.Constant(ir.IntType(1), 0)])
    return size, shuffle(b, low, high, range(64))


@operation("I:III")
def dot_i8(b, acc, w, s):
    """Dot products of signed bytes, ``BIAS`` added, with signed ones that are not -128."""
    tier = active_tier().name
    if tier == "avx512":
        return emit_dot(b, acc, w, s, narrow=False)
    if tier == "avx2":
        return _dot_avx2_narrow(b, acc, *_signs_moved(b, w, s))
    return _dot_generic(b, acc, w, s, is_signed=True)


@operation("I:I")
def start_i8(b, negative_sums):
    """What an accumulator of ``dot_i8`` begins with, of minus the sums of all that it will add up."""
    return b.mul(negative_sums, constant(v16i32, BIAS))


@operation("I:I")
def biased_i8(b, u):
    """Bytes with 128 added as ``dot_i8`` takes them."""
    return b.xor(b.bitcast(u, v16i32), constant(v16i32, 0 if BIAS else -0x7F7F7F80))
