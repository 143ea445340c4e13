"""Dot products of four bytes per lane: the operations that decide the speed, one way per tier.

``u`` holds unsigned bytes (weights), ``s`` signed ones (activations); lane ``i`` of the result is
``acc[i] + sum(u[4 i + j] * s[4 i + j] for j in 0..3)``, exact.

Signed weights ``w`` are multiplied by ``dot_i8``. VNNI has unsigned times signed only, so there they have ``BIAS`` =
128 added, and the accumulator begins with ``start_i8(-sum(s))``, which takes it off; elsewhere both are 0. ``s`` must
not hold -128.
"""

from __future__ import annotations

from functools import reduce

from llvmlite import ir

from octavo.engine.simd.lowering import call, constant, operation, shuffle, v16i32, v32i16, v32i32, v64i8
from octavo.engine.simd.pieces import BYTES, bytes_of, joined, lanes_of, pieces, words_of
from octavo.engine.simd.tier import active_tier

BIAS = 128 if active_tier().has_dots else 0

_DOT = {32: "llvm.x86.avx512.vpdpbusd.256", 64: "llvm.x86.avx512.vpdpbusd.512"}
_BYTE_PAIRS = {16: "llvm.x86.ssse3.pmadd.ub.sw.128", 32: "llvm.x86.avx2.pmadd.ub.sw"}
_WORD_PAIRS = {16: "llvm.x86.sse2.pmadd.wd", 32: "llvm.x86.avx2.pmadd.wd"}
_SIGN = {16: "llvm.x86.ssse3.psign.b.128", 32: "llvm.x86.avx2.psign.b"}


def _pairs(b, products):
    """<32 x i32>: the sums of neighbours, <16 x i32>."""
    even, odd = (shuffle(b, products, products, range(first, 32, 2)) for first in range(2))
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


def _byte_pairs(b, u, s):
    """16-bit sums of neighbouring products, saturated at 32767: safe while one side is at most 127, the other 128."""
    return call(b, _BYTE_PAIRS[BYTES], words_of, [u, s])


def _word_pairs(b, words):
    """32-bit sums of neighbours."""
    return call(b, _WORD_PAIRS[BYTES], lanes_of, [words, constant(words_of, 1)])


def _dot_narrow(b, acc, u, s):
    """One dot product in two steps, while sums of two products fit 16 bits."""
    found = [_word_pairs(b, _byte_pairs(b, x, y)) for x, y in zip(pieces(b, u), pieces(b, s), strict=True)]
    return b.add(acc, joined(b, found))


def _dot_four_narrow(b, acc, us, ss, together):
    """Four dot products; 16 bits hold the sums of ``together`` pairs."""
    found = []
    for xs, ys in zip(
        zip(*(pieces(b, u) for u in us), strict=True),
        zip(*(pieces(b, s) for s in ss), strict=True),
        strict=True,
    ):
        pairs = [_byte_pairs(b, x, y) for x, y in zip(xs, ys, strict=True)]
        sums = [reduce(b.add, pairs[start : start + together]) for start in range(0, 4, together)]
        found.append(reduce(b.add, [_word_pairs(b, each) for each in sums]))
    return b.add(acc, joined(b, found))


def _dot_four(b, acc, values, together):
    us, ss = values[:4], values[4:]
    if active_tier().has_byte_products and not active_tier().has_dots:
        return _dot_four_narrow(b, acc, us, ss, together)
    for u, s in zip(us, ss, strict=True):
        acc = emit_dot(b, acc, u, s, narrow=True)
    return acc


def _dot_vnni(b, acc, u, s):
    sums = [b.bitcast(each, lanes_of) for each in pieces(b, acc)]
    triples = zip(sums, pieces(b, u), pieces(b, s), strict=True)
    return joined(b, [call(b, _DOT[BYTES], lanes_of, list(each)) for each in triples])


def emit_dot(b, acc, u, s, *, narrow: bool):
    """``acc`` plus the dot products; ``narrow`` promises that two neighbouring products fit 16 bits together."""
    if active_tier().has_dots:
        return _dot_vnni(b, acc, u, s)
    if active_tier().has_byte_products and narrow:
        return _dot_narrow(b, acc, u, s)
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


def _signs_moved(b, w, s):
    """Signed times signed as unsigned times signed: magnitudes, and ``s`` with the weights' signs."""
    signed = [
        call(b, _SIGN[BYTES], bytes_of, [x, y]) for x, y in zip(pieces(b, s), pieces(b, w), strict=True)
    ]
    size = call(b, "llvm.abs.v64i8", v64i8, [b.bitcast(w, v64i8), ir.Constant(ir.IntType(1), 0)])
    return size, joined(b, signed)


@operation("I:III")
def dot_i8(b, acc, w, s):
    """Dot products of signed bytes, ``BIAS`` added, with signed ones that are not -128."""
    if active_tier().has_dots:
        return emit_dot(b, acc, w, s, narrow=False)
    if active_tier().has_byte_products:
        return _dot_narrow(b, acc, *_signs_moved(b, w, s))
    return _dot_generic(b, acc, w, s, is_signed=True)


@operation("I:I")
def start_i8(b, negative_sums):
    """What an accumulator of ``dot_i8`` begins with, of minus the sums of all that it will add up."""
    return b.mul(negative_sums, constant(v16i32, BIAS))


@operation("I:I")
def biased_i8(b, u):
    """Bytes with 128 added as ``dot_i8`` takes them."""
    return b.xor(b.bitcast(u, v16i32), constant(v16i32, 0 if BIAS else -0x7F7F7F80))
