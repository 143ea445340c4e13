"""Matrix times vector for blocks of 32 columns, and for weights that are numbers already.

Each factory here makes the body of ``matvec_*`` (``matvec.py``) for one encoding; ``dot`` comes from ``unpack.py``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.descriptor import COLUMNS
from octavo.engine.kernels.groups import finish, meta_of, product_of
from octavo.engine.kernels.record import X_SCALE, X_SCALED_SUM, X_SUM
from octavo.engine.simd.arithmetic import add, add_i32, fma, mul, shift_left, to_f32, zero_f32, zero_i32
from octavo.engine.simd.jit import variant
from octavo.engine.simd.memory import get_i64, load_f16, prefetch, repeat_f32, repeat_i32


def times_power(shift):
    """A ``start`` for weights that are ``1 << shift`` too high."""

    @variant(shift)
    def start(negative_sum):
        return shift_left(negative_sum, np.int32(shift))

    return start


def scaled(name, dot, start):
    """Blocks of 32 with one scale; ``start`` says what a sum begins with, of minus the sum of the activations."""

    @variant("scaled", name)
    def multiply(meta, p, r, total):
        low, high = dot(p, r, start(repeat_i32(r + X_SUM)), zero_i32())
        scale = mul(load_f16(meta), repeat_f32(r + X_SCALE))
        return fma(to_f32(add_i32(low, high)), scale, total)

    return product_of(name, multiply)


def affine(name, dot):
    """Blocks of 32 with a scale and a minimum."""

    @variant("affine", name)
    def multiply(meta, p, r, total):
        low, high = dot(p, r, zero_i32(), zero_i32())
        scale = mul(load_f16(meta), repeat_f32(r + X_SCALE))
        total = fma(load_f16(meta + 32), repeat_f32(r + X_SCALED_SUM), total)
        return fma(to_f32(add_i32(low, high)), scale, total)

    return product_of(name, multiply)


def plain(load, size):
    """Floating-point weights of ``size`` bytes; ``x`` is float32."""

    @variant(load.__name__)
    def run(w, x, out, first, last, accumulate):
        n = get_i64(w + COLUMNS)
        for group in range(first, last):
            p = meta_of(w, group)
            a = zero_f32()
            b = zero_f32()
            c = zero_f32()
            d = zero_f32()
            whole = n // 4 * 4
            for k in range(0, whole, 4):
                q = p + 16 * size * k
                prefetch(q + 4096)
                a = fma(load(q), repeat_f32(x + 4 * k), a)
                b = fma(load(q + 16 * size), repeat_f32(x + 4 * k + 4), b)
                prefetch(q + 4096 + 64)
                c = fma(load(q + 32 * size), repeat_f32(x + 4 * k + 8), c)
                d = fma(load(q + 48 * size), repeat_f32(x + 4 * k + 12), d)
            for k in range(whole, n):
                a = fma(load(p + 16 * size * k), repeat_f32(x + 4 * k), a)
            finish(out + 64 * group, add(add(a, b), add(c, d)), accumulate)
        return 0

    return run
