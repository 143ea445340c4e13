"""The two products of attention for a few queries that share keys and values, sums in registers.

Keys lie in blocks of 16 positions, dimension by dimension, so that a vector holds one dimension of 16 positions and
scores need no sum over lanes. Values lie position by position. In ``f16`` and ``f32`` caches
they lie as they are; in ``q8_0`` caches each key block is ``i8[size][16]`` and ``f16 scale[size / 32][16]``, each value
``i8[size]`` and ``f16 scale[size / 32]``.
"""

from __future__ import annotations

from octavo.engine.simd.compiler import cgutils
from octavo.engine.simd.half import f16_to_f32
from octavo.engine.simd.lowering import (
    call,
    constant,
    f32,
    i16,
    integer,
    operation,
    pointer,
    splat,
    v16f32,
    v16i8,
    v16i16,
    v16i32,
)

F16, Q8_0, F32 = 0, 1, 2  # kinds of cache
MAX_QUERIES = 4
STRIP = 32  # value dimensions whose sums stay in registers


def _at(b, address, offset):
    return b.add(address, integer(offset))


def _load(b, address, offset, kind):
    return b.load(pointer(b, _at(b, address, offset), kind), align=1)


def _half(b, address, offset):
    return f16_to_f32(b, _load(b, address, offset, v16i16))


def _bytes(b, address, offset):
    return b.sitofp(b.sext(_load(b, address, offset, v16i8), v16i32), v16f32)


def _single(b, address, offset):
    return _load(b, address, offset, v16f32)


_READ = {F16: _half, Q8_0: _bytes, F32: _single}
_WIDTH = {F16: 32, Q8_0: 16, F32: 64}  # bytes of 16 numbers


def _repeat(b, address, offset):
    return splat(b, _load(b, address, offset, f32), v16f32)


def _fma(b, x, y, z):
    return call(b, "llvm.fmuladd.v16f32", v16f32, [x, y, z])


def _slots(b, n):
    slots = [cgutils.alloca_once(b, v16f32) for _ in range(n)]
    for slot in slots:
        b.store(constant(v16f32, 0.0), slot)
    return slots


def _rows(b, base, stride, n):
    return [b.add(base, b.mul(stride, integer(t))) for t in range(n)]


def score_tile(n_queries, kind):
    """Scores of ``n_queries`` queries with 16 positions: (q, q_stride, keys, size, out, out_stride)."""
    unroll = 4 if n_queries == 1 else 2
    is_quantized = kind == Q8_0

    @operation("v:plplpl")
    def tile(b, q, q_stride, keys, size, out, out_stride) -> None:
        """Write float32[n_queries][16]; ``q`` is float32, strides in bytes, ``size`` a multiple of 16 (or 32)."""
        queries = _rows(b, q, q_stride, n_queries)
        totals = _slots(b, n_queries)
        run = 32 if is_quantized else 16
        width = _WIDTH[kind]
        with cgutils.for_range(b, b.sdiv(size, integer(run))) as loop:
            first = b.mul(loop.index, integer(run))
            here = b.add(keys, b.mul(first, integer(width)))
            at = [b.add(query, b.mul(first, integer(4))) for query in queries]
            sums = [[constant(v16f32, 0.0)] * unroll for _ in queries]
            for d in range(run):
                key = _READ[kind](b, here, width * d)
                for t in range(n_queries):
                    sums[t][d % unroll] = _fma(b, _repeat(b, at[t], 4 * d), key, sums[t][d % unroll])
            if is_quantized:
                scales = b.add(keys, b.add(b.mul(size, integer(16)), b.mul(loop.index, integer(32))))
                scale = _half(b, scales, 0)
            for t, slot in enumerate(totals):
                total = sums[t][0]
                for part in sums[t][1:]:
                    total = b.fadd(total, part)
                before = b.load(slot)
                b.store(_fma(b, total, scale, before) if is_quantized else b.fadd(before, total), slot)
        for slot, row in zip(totals, _rows(b, out, out_stride, n_queries), strict=True):
            b.store(b.load(slot), pointer(b, row, v16f32), align=1)

    return tile


def value_tile(n_queries, kind):
    """Add weighted values to a strip: (p, p_stride, values, value_bytes, scales, n_positions, out, out_stride)."""
    is_quantized = kind == Q8_0

    @operation("v:plplplpl")
    def tile(b, p, p_stride, values, value_bytes, scales, n_positions, out, out_stride) -> None:
        """Add to float32[n_queries][32] at ``out``; ``p`` is float32[n_queries][n_positions]."""
        rows = _rows(b, out, out_stride, n_queries)
        weights = _rows(b, p, p_stride, n_queries)
        slots = _slots(b, 2 * n_queries)
        with cgutils.for_range(b, n_positions) as loop:
            here = b.add(values, b.mul(loop.index, value_bytes))
            parts = [_READ[kind](b, here, 0), _READ[kind](b, here, _WIDTH[kind])]
            moved = b.mul(loop.index, integer(4))
            if is_quantized:
                bits = b.load(pointer(b, b.add(scales, b.mul(loop.index, value_bytes)), i16), align=1)
                scale = f16_to_f32(b, splat(b, bits, v16i16))
                parts = [b.fmul(part, scale) for part in parts]
            for t in range(n_queries):
                weight = _repeat(b, b.add(weights[t], moved), 0)
                for half, part in enumerate(parts):
                    slot = slots[2 * t + half]
                    b.store(_fma(b, weight, part, b.load(slot)), slot)
        for t, row in enumerate(rows):
            for half in range(2):
                target = pointer(b, _at(b, row, 64 * half), v16f32)
                b.store(b.fadd(b.load(target, align=1), b.load(slots[2 * t + half])), target, align=1)

    return tile
