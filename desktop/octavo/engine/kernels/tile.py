"""A tile of a matrix-matrix product: one decoded group of 16 rows times several tokens, all sums in registers.

The number of tokens decides how often a loaded weight is used; it is as large as the tier's registers allow. The
body is emitted token by token as LLVM code, because Numba has no arrays of registers.
"""

from __future__ import annotations

from llvmlite import ir

from octavo.engine.kernels.descriptor import AFFINE, AFFINE_16, SCALED, SCALED_16
from octavo.engine.kernels.matvec import X_SCALE, X_SCALED_SUM, X_SUM, X_SUM_HIGH, X_SUM_LOW
from octavo.engine.kernels.panel import P_MINIMUM_HIGH, P_MINIMUM_LOW, P_SCALE_HIGH, P_SCALE_LOW, PANEL
from octavo.engine.simd.compiler import cgutils
from octavo.engine.simd.dot import emit_dot
from octavo.engine.simd.lowering import (
    call,
    constant,
    f32,
    i32,
    i64,
    operation,
    pointer,
    splat,
    v16f32,
    v16i32,
)
from octavo.engine.simd.tier import active_tier

TOKENS = 8 if active_tier().name == "avx512" else 2


def _at(b, address, offset):
    return b.add(address, ir.Constant(i64, offset))


def _load(b, address, offset, kind):
    return b.load(pointer(b, _at(b, address, offset), kind), align=1)


def _repeat(b, address, offset, scalar, vector):
    return splat(b, _load(b, address, offset, scalar), vector)


def _fma(b, x, y, z):
    return call(b, "llvm.fmuladd.v16f32", v16f32, [x, y, z])


def _quantized_block(b, panel, records, sums, shift, kind):
    """The new sums after one block of 32 columns."""
    wide = kind in (SCALED, AFFINE)
    has_minimum = kind in (AFFINE, AFFINE_16)
    parts = (
        [(range(8), P_SCALE_LOW, P_MINIMUM_LOW, X_SUM)]
        if wide
        else [
            (range(4), P_SCALE_LOW, P_MINIMUM_LOW, X_SUM_LOW),
            (range(4, 8), P_SCALE_HIGH, P_MINIMUM_HIGH, X_SUM_HIGH),
        ]
    )
    for units, scale_at, minimum_at, sum_at in parts:
        if has_minimum:
            dots = [constant(v16i32, 0) for _ in records]
        else:
            dots = [b.shl(_repeat(b, r, sum_at, i32, v16i32), shift) for r in records]
        for k in units:
            weights = _load(b, panel, 64 * k, v16i32)
            for t, r in enumerate(records):
                activations = _repeat(b, r, 4 * k, i32, v16i32)
                dots[t] = emit_dot(b, dots[t], weights, activations, narrow=has_minimum or kind == SCALED_16)
        scale = _load(b, panel, scale_at, v16f32)
        for t, r in enumerate(records):
            step = b.fmul(scale, _repeat(b, r, X_SCALE, f32, v16f32))
            sums[t] = _fma(b, b.sitofp(dots[t], v16f32), step, sums[t])
        if has_minimum:
            minimum = _load(b, panel, minimum_at, v16f32)
            for t, r in enumerate(records):
                if wide:
                    negative = b.fneg(_repeat(b, r, X_SCALED_SUM, f32, v16f32))
                else:
                    total = b.sitofp(_repeat(b, r, sum_at, i32, v16i32), v16f32)
                    negative = b.fmul(total, _repeat(b, r, X_SCALE, f32, v16f32))
                sums[t] = _fma(b, minimum, negative, sums[t])
    return sums


def _float_column(b, panel, rows, sums):
    weights = _load(b, panel, 0, v16f32)
    return [_fma(b, weights, _repeat(b, r, 0, f32, v16f32), s) for r, s in zip(rows, sums, strict=True)]


def _loop(b, n_steps, panel, panel_step, x, x_stride, x_step, out, out_stride, accumulate, n_tokens, body):
    """Emit: sums = 0; for each step: sums = body(sums); write or add the sums."""
    slots = [cgutils.alloca_once_value(b, constant(v16f32, 0.0)) for _ in range(n_tokens)]
    for slot in slots:
        b.store(constant(v16f32, 0.0), slot)
    bases = [b.add(x, b.mul(x_stride, ir.Constant(i64, t))) for t in range(n_tokens)]
    with cgutils.for_range(b, n_steps) as loop:
        here = b.add(panel, b.mul(loop.index, ir.Constant(i64, panel_step)))
        moved = b.mul(loop.index, ir.Constant(i64, x_step))
        sums = body(b, here, [b.add(base, moved) for base in bases], [b.load(slot) for slot in slots])
        for slot, value in zip(slots, sums, strict=True):
            b.store(value, slot)
    adds = b.icmp_signed("!=", accumulate, ir.Constant(i64, 0))
    for t, slot in enumerate(slots):
        target = pointer(b, b.add(out, b.mul(out_stride, ir.Constant(i64, t))), v16f32)
        before = b.select(adds, b.load(target, align=1), constant(v16f32, 0.0))
        b.store(b.fadd(b.load(slot), before), target, align=1)


def quantized_tile(n_tokens, kind):
    """A tile operation for panels of ``kind``: (n_blocks, panel, x, x_stride, out, out_stride, shift, accumulate)."""

    @operation("v:lpplplll")
    def tile(b, n_blocks, panel, x, x_stride, out, out_stride, shift, accumulate) -> None:
        """Multiply; ``x`` are activation records, ``x_stride`` and ``out_stride`` bytes from token to token."""
        counts = splat(b, b.trunc(shift, i32), v16i32)

        def body(b, here, records, sums):
            return _quantized_block(b, here, records, sums, counts, kind)

        _loop(b, n_blocks, panel, PANEL, x, x_stride, 64, out, out_stride, accumulate, n_tokens, body)

    return tile


def float_tile(n_tokens):
    """A tile operation for float32 panels, with the arguments of ``quantized_tile``; ``shift`` means nothing."""

    @operation("v:lpplplll")
    def tile(b, n_columns, panel, x, x_stride, out, out_stride, _shift, accumulate) -> None:
        """Multiply; ``x`` is float32, ``x_stride`` and ``out_stride`` bytes from token to token."""
        _loop(b, n_columns, panel, 64, x, x_stride, 4, out, out_stride, accumulate, n_tokens, _float_column)

    return tile
