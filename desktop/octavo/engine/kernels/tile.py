"""A tile of a matrix-matrix product: one decoded group of 16 rows times several tokens, all sums in registers.

The number of tokens decides how often a loaded weight is used; it is as large as the tier's registers allow. The
body is emitted token by token as LLVM code, because Numba has no arrays of registers.
"""

from __future__ import annotations

from octavo.engine.kernels.descriptor import AFFINE, AFFINE_16, SCALED, SCALED_SMALL
from octavo.engine.kernels.panel import (
    P_MINIMUM_HIGH,
    P_MINIMUM_LOW,
    P_OFFSET_HIGH,
    P_OFFSET_LOW,
    P_SCALE_HIGH,
    P_SCALE_LOW,
    PANEL,
)
from octavo.engine.kernels.record import X_SCALE, X_SCALED_SUM, X_SUM_HIGH, X_SUM_LOW
from octavo.engine.simd.compiler import cgutils
from octavo.engine.simd.dot import emit_dot
from octavo.engine.simd.lowering import (
    call,
    constant,
    f32,
    i32,
    integer,
    operation,
    pointer,
    splat,
    v16f32,
    v16i32,
)
from octavo.engine.simd.tier import active_tier

_IS_WIDE = active_tier().vector_bytes == 64
TOKENS = 8 if _IS_WIDE else 2  # of a tile with one group
PAIR_TOKENS = 6 if _IS_WIDE else 2  # of a tile with two groups, which loads each activation half as often


def _at(b, address, offset):
    return b.add(address, integer(offset))


def _load(b, address, offset, kind):
    return b.load(pointer(b, _at(b, address, offset), kind), align=1)


def _repeat(b, address, offset, scalar, vector):
    return splat(b, _load(b, address, offset, scalar), vector)


def _fma(b, x, y, z):
    return call(b, "llvm.fmuladd.v16f32", v16f32, [x, y, z])


def _quantized_block(b, panels, records, sums, kind):
    """The new sums, token by token and group by group, after one block of 32 columns."""
    wide = kind in (SCALED, SCALED_SMALL, AFFINE)
    has_minimum = kind in (AFFINE, AFFINE_16)
    low = (P_SCALE_LOW, P_MINIMUM_LOW, P_OFFSET_LOW)
    parts = [(range(8), X_SCALED_SUM, *low)]
    if not wide:
        high = (P_SCALE_HIGH, P_MINIMUM_HIGH, P_OFFSET_HIGH)
        parts = [(range(4), X_SUM_LOW, *low), (range(4, 8), X_SUM_HIGH, *high)]
    cells = [(t, g) for t in range(len(records)) for g in range(len(panels))]
    for units, sum_at, scale_at, minimum_at, offset_at in parts:
        offsets = [_load(b, panel, offset_at, v16i32) for panel in panels]
        dots = {(t, g): offsets[g] for t, g in cells}
        for k in units:
            weights = [_load(b, panel, 64 * k, v16i32) for panel in panels]
            for t, record in enumerate(records):
                activations = _repeat(b, record, 4 * k, i32, v16i32)
                for g, weight in enumerate(weights):
                    dots[t, g] = emit_dot(b, dots[t, g], activations, weight, narrow=kind != SCALED)
        scales = [_load(b, panel, scale_at, v16f32) for panel in panels]
        minimums = [_load(b, panel, minimum_at, v16f32) for panel in panels] if has_minimum else []
        for t, record in enumerate(records):
            factor = _repeat(b, record, X_SCALE, f32, v16f32)
            for g, scale in enumerate(scales):
                sums[t, g] = _fma(b, b.fmul(b.sitofp(dots[t, g], v16f32), scale), factor, sums[t, g])
            if has_minimum:
                negative = _negative_sum(b, record, sum_at, factor, wide)
                for g, minimum in enumerate(minimums):
                    sums[t, g] = _fma(b, minimum, negative, sums[t, g])
    return sums


def _negative_sum(b, record, sum_at, factor, wide):
    """Minus the sum of a record's activations, or of half of them."""
    if wide:
        return b.fneg(_repeat(b, record, sum_at, f32, v16f32))
    return b.fmul(b.sitofp(_repeat(b, record, sum_at, i32, v16i32), v16f32), factor)


def _float_column(b, panels, rows, sums):
    weights = [_load(b, panel, 0, v16f32) for panel in panels]
    for t, row in enumerate(rows):
        activation = _repeat(b, row, 0, f32, v16f32)
        for g, weight in enumerate(weights):
            sums[t, g] = _fma(b, weight, activation, sums[t, g])
    return sums


def _tile(n_tokens, n_groups, panel_step, x_step, body):
    """A tile operation: sums = 0; for each step: sums = body(panels, activations, sums); write or add the sums.

    Its arguments are (n_steps, panel, panel_stride, x, x_stride, out, out_stride, accumulate); strides are bytes from
    group to group and from token to token.
    """

    @operation("v:lplplpll")
    def tile(b, n_steps, panel, panel_stride, x, x_stride, out, out_stride, accumulate) -> None:
        """Multiply ``n_groups`` groups of 16 rows by ``n_tokens`` tokens."""
        cells = [(t, g) for t in range(n_tokens) for g in range(n_groups)]
        slots = {cell: cgutils.alloca_once_value(b, constant(v16f32, 0.0)) for cell in cells}
        for slot in slots.values():
            b.store(constant(v16f32, 0.0), slot)
        rows = [b.add(x, b.mul(x_stride, integer(t))) for t in range(n_tokens)]
        groups = [b.add(panel, b.mul(panel_stride, integer(g))) for g in range(n_groups)]
        with cgutils.for_range(b, n_steps) as loop:
            moved, along = b.mul(loop.index, integer(panel_step)), b.mul(loop.index, integer(x_step))
            here = [b.add(group, moved) for group in groups]
            sums = body(b, here, [b.add(row, along) for row in rows], {c: b.load(slots[c]) for c in cells})
            for cell in cells:
                b.store(sums[cell], slots[cell])
        adds = b.icmp_signed("!=", accumulate, integer(0))
        for t, g in cells:
            target = pointer(b, b.add(out, b.add(b.mul(out_stride, integer(t)), integer(64 * g))), v16f32)
            before = b.select(adds, b.load(target, align=1), constant(v16f32, 0.0))
            b.store(b.fadd(b.load(slots[t, g]), before), target, align=1)

    return tile


def quantized_tile(n_tokens, n_groups, kind):
    """A tile for panels of ``kind``; ``x`` are activation records whose bytes have 128 added."""

    def body(b, panels, records, sums):
        return _quantized_block(b, panels, records, sums, kind)

    return _tile(n_tokens, n_groups, PANEL, 64, body)


def float_tile(n_tokens, n_groups):
    """A tile for float32 panels and activations."""
    return _tile(n_tokens, n_groups, 64, 4, _float_column)
