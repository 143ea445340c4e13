"""Matrix times vector for super-blocks of 256 columns, whose scales have scales.

Each factory makes the body of ``matvec_*`` (``matvec.py``) for one encoding; ``dot`` comes from ``unpack.py``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.groups import product_of
from octavo.engine.kernels.layout import LAYOUTS
from octavo.engine.kernels.record import RECORD, X_SCALE, X_SCALED_SUM, X_SUM_HIGH, X_SUM_LOW
from octavo.engine.kernels.unpack import dot_2, fetch
from octavo.engine.simd.arithmetic import (
    add_i32,
    fma,
    mul,
    shift_left,
    shift_right,
    splat_f32,
    sub,
    to_f32,
    zero_f32,
    zero_i32,
)
from octavo.engine.simd.jit import kernel, variant
from octavo.engine.simd.memory import load_f16, load_i8, load_u8, repeat_f32, repeat_i32


def super_affine(name, dot):
    """Super-blocks of 8 blocks of 32, each with a 6-bit scale and a 6-bit minimum (Q4_K, Q5_K)."""
    block_bytes = LAYOUTS[name].quant_bytes // 8

    @variant("super_affine", name)
    def multiply(meta, p, r, total):
        fetch(meta, 5)
        sums = zero_f32()
        offsets = zero_f32()
        for b in range(8):
            low, high = dot(p, r, zero_i32(), zero_i32())
            scale = mul(to_f32(load_u8(meta + 64 + 16 * b)), repeat_f32(r + X_SCALE))
            sums = fma(to_f32(add_i32(low, high)), scale, sums)
            offsets = fma(to_f32(load_u8(meta + 192 + 16 * b)), repeat_f32(r + X_SCALED_SUM), offsets)
            p += block_bytes
            r += RECORD
        total = fma(sums, load_f16(meta), total)
        return sub(total, mul(offsets, load_f16(meta + 32)))

    return product_of(name, multiply)


def super_scaled(name, dot, shift):
    """Super-blocks of 16 blocks of 16, each with a signed scale (Q3_K, Q6_K); weights offset by ``1 << shift``."""
    block_bytes = LAYOUTS[name].quant_bytes // 8

    @variant("super_scaled", name)
    def multiply(meta, p, r, total):
        fetch(meta, 5)
        sums = zero_f32()
        for b in range(8):
            low = shift_left(repeat_i32(r + X_SUM_LOW), np.int32(shift))
            high = shift_left(repeat_i32(r + X_SUM_HIGH), np.int32(shift))
            low, high = dot(p, r, low, high)
            part = mul(to_f32(low), to_f32(load_i8(meta + 32 + 32 * b)))
            part = fma(to_f32(high), to_f32(load_i8(meta + 48 + 32 * b)), part)
            sums = fma(part, repeat_f32(r + X_SCALE), sums)
            p += block_bytes
            r += RECORD
        return fma(sums, load_f16(meta), total)

    return product_of(name, multiply)


@kernel
def _affine_16(meta, p, r, total):
    fetch(meta, 5)
    sums = zero_f32()
    offsets = zero_f32()
    for b in range(8):
        low, high = dot_2(p, r, zero_i32(), zero_i32())
        s0, m0 = nibbles(meta + 64 + 32 * b)
        s1, m1 = nibbles(meta + 80 + 32 * b)
        part = fma(to_f32(high), s1, mul(to_f32(low), s0))
        sums = fma(part, repeat_f32(r + X_SCALE), sums)
        # The records hold negative sums, so these offsets are added below.
        part = fma(to_f32(repeat_i32(r + X_SUM_HIGH)), m1, mul(to_f32(repeat_i32(r + X_SUM_LOW)), m0))
        offsets = fma(part, repeat_f32(r + X_SCALE), offsets)
        p += 128
        r += RECORD
    total = fma(sums, load_f16(meta), total)
    return fma(offsets, load_f16(meta + 32), total)


super_affine_16 = product_of("Q2_K", _affine_16)
"""Super-blocks of 16 blocks of 16, each with a 4-bit scale and a 4-bit minimum (Q2_K)."""


@kernel
def nibbles(p):
    """16 bytes at ``p`` as two float vectors: the low nibbles and the high ones."""
    whole = load_u8(p)
    high = to_f32(shift_right(whole, np.int32(4)))
    return sub(to_f32(whole), mul(high, splat_f32(np.float32(16.0)))), high
