"""Matrix times vector: one entry for each block type, all with the same arguments.

``matvec_*(w, x, out, first, last, accumulate)``: ``w`` is a weight descriptor (``descriptor.py``), ``x`` the packed
activation records (float32 for unquantized weights), ``out`` float32[rows], ``first`` to ``last`` the groups of
16 rows to do. An activation record of 32 columns is ``int8 q[32] | f32 scale | i32 -sum(q) | f32 scale * sum(q) |
i32 -sum(q[:16]) | i32 -sum(q[16:])``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.descriptor import COLUMNS, GROUP_BYTES, META_BYTES, WEIGHTS
from octavo.engine.kernels.unpack import dot_2, dot_3, dot_4, dot_5, dot_6, dot_8
from octavo.engine.simd.arithmetic import (
    add,
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
from octavo.engine.simd.jit import entry, kernel, variant
from octavo.engine.simd.memory import (
    get_i64,
    load_bf16,
    load_f16,
    load_f32,
    load_i8,
    load_u8,
    prefetch,
    repeat_f32,
    repeat_i32,
    store_f32,
)

X_SCALE, X_SUM, X_SCALED_SUM, X_SUM_LOW, X_SUM_HIGH = 32, 36, 40, 44, 48
RECORD = 64


@kernel
def _finish(out, value, accumulate):
    if accumulate:
        value = add(value, load_f32(out))
    store_f32(out, value)


def _scaled(dot, bits, shift):
    """Blocks of 32 with one scale, weights offset by ``1 << shift``."""

    @variant(bits)
    def run(w, x, out, first, last, accumulate):
        n = get_i64(w + COLUMNS) // 32
        for group in range(first, last):
            meta = get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)
            p = meta + get_i64(w + META_BYTES)
            total = zero_f32()
            for b in range(n):
                r = x + RECORD * b
                low, high = dot(p, r, shift_left(repeat_i32(r + X_SUM), np.int32(shift)), zero_i32())
                scale = mul(load_f16(meta + 32 * b), repeat_f32(r + X_SCALE))
                total = fma(to_f32(add_i32(low, high)), scale, total)
                p += 64 * bits
            _finish(out + 64 * group, total, accumulate)
        return 0

    return run


def _affine(dot, bits):
    """Blocks of 32 with a scale and a minimum."""

    @variant(bits)
    def run(w, x, out, first, last, accumulate):
        n = get_i64(w + COLUMNS) // 32
        for group in range(first, last):
            meta = get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)
            p = meta + get_i64(w + META_BYTES)
            total = zero_f32()
            offset = zero_f32()
            for b in range(n):
                r = x + RECORD * b
                low, high = dot(p, r, zero_i32(), zero_i32())
                scale = mul(load_f16(meta + 64 * b), repeat_f32(r + X_SCALE))
                total = fma(to_f32(add_i32(low, high)), scale, total)
                offset = fma(load_f16(meta + 64 * b + 32), repeat_f32(r + X_SCALED_SUM), offset)
                p += 64 * bits
            _finish(out + 64 * group, add(total, offset), accumulate)
        return 0

    return run


def _super_affine(dot, bits):
    """Super-blocks of 8 blocks of 32, each with a 6-bit scale and a 6-bit minimum (Q4_K, Q5_K)."""

    @variant(bits)
    def run(w, x, out, first, last, accumulate):
        n = get_i64(w + COLUMNS) // 256
        for group in range(first, last):
            meta = get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)
            p = meta + get_i64(w + META_BYTES)
            total = zero_f32()
            r = x
            for _ in range(n):
                sums = zero_f32()
                offsets = zero_f32()
                for b in range(8):
                    low, high = dot(p, r, zero_i32(), zero_i32())
                    scale = mul(to_f32(load_u8(meta + 64 + 16 * b)), repeat_f32(r + X_SCALE))
                    sums = fma(to_f32(add_i32(low, high)), scale, sums)
                    offsets = fma(to_f32(load_u8(meta + 192 + 16 * b)), repeat_f32(r + X_SCALED_SUM), offsets)
                    p += 64 * bits
                    r += RECORD
                total = fma(sums, load_f16(meta), total)
                total = sub(total, mul(offsets, load_f16(meta + 32)))
                meta += 320
            _finish(out + 64 * group, total, accumulate)
        return 0

    return run


def _super_scaled(dot, bits, shift):
    """Super-blocks of 16 blocks of 16, each with a signed scale (Q3_K, Q6_K); weights offset by ``1 << shift``."""

    @variant(bits)
    def run(w, x, out, first, last, accumulate):
        n = get_i64(w + COLUMNS) // 256
        for group in range(first, last):
            meta = get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)
            p = meta + get_i64(w + META_BYTES)
            total = zero_f32()
            r = x
            for _ in range(n):
                sums = zero_f32()
                for b in range(8):
                    low = shift_left(repeat_i32(r + X_SUM_LOW), np.int32(shift))
                    high = shift_left(repeat_i32(r + X_SUM_HIGH), np.int32(shift))
                    low, high = dot(p, r, low, high)
                    part = mul(to_f32(low), to_f32(load_i8(meta + 32 + 32 * b)))
                    part = fma(to_f32(high), to_f32(load_i8(meta + 48 + 32 * b)), part)
                    sums = fma(part, repeat_f32(r + X_SCALE), sums)
                    p += 64 * bits
                    r += RECORD
                total = fma(sums, load_f16(meta), total)
                meta += 288
            _finish(out + 64 * group, total, accumulate)
        return 0

    return run


@kernel
def _super_affine_16(w, x, out, first, last, accumulate):
    """Super-blocks of 16 blocks of 16, each with a 4-bit scale and a 4-bit minimum (Q2_K)."""
    n = get_i64(w + COLUMNS) // 256
    for group in range(first, last):
        meta = get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)
        p = meta + get_i64(w + META_BYTES)
        total = zero_f32()
        r = x
        for _ in range(n):
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
            total = fma(offsets, load_f16(meta + 32), total)
            meta += 320
        _finish(out + 64 * group, total, accumulate)
    return 0


@kernel
def nibbles(p):
    """16 bytes at ``p`` as two float vectors: the low nibbles and the high ones."""
    whole = load_u8(p)
    high = to_f32(shift_right(whole, np.int32(4)))
    return sub(to_f32(whole), mul(high, splat_f32(np.float32(16.0)))), high


def _plain(load, size):
    """Floating-point weights of ``size`` bytes; ``x`` is float32."""

    @variant(load.__name__)
    def run(w, x, out, first, last, accumulate):
        n = get_i64(w + COLUMNS)
        for group in range(first, last):
            p = get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)
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
            _finish(out + 64 * group, add(add(a, b), add(c, d)), accumulate)
        return 0

    return run


_q8_0 = _scaled(dot_8, 8, 7)
_q4_0 = _scaled(dot_4, 4, 3)
_q5_0 = _scaled(dot_5, 5, 4)
_q4_1 = _affine(dot_4, 4)
_q5_1 = _affine(dot_5, 5)
_q4_k = _super_affine(dot_4, 4)
_q5_k = _super_affine(dot_5, 5)
_q6_k = _super_scaled(dot_6, 6, 5)
_q3_k = _super_scaled(dot_3, 3, 2)
_f32 = _plain(load_f32, 4)
_f16 = _plain(load_f16, 2)
_bf16 = _plain(load_bf16, 2)


@entry
def matvec_q8_0(w, x, out, first, last, accumulate):
    """Q8_0."""
    return _q8_0(w, x, out, first, last, accumulate)


@entry
def matvec_q4_0(w, x, out, first, last, accumulate):
    """Q4_0."""
    return _q4_0(w, x, out, first, last, accumulate)


@entry
def matvec_q5_0(w, x, out, first, last, accumulate):
    """Q5_0."""
    return _q5_0(w, x, out, first, last, accumulate)


@entry
def matvec_q4_1(w, x, out, first, last, accumulate):
    """Q4_1."""
    return _q4_1(w, x, out, first, last, accumulate)


@entry
def matvec_q5_1(w, x, out, first, last, accumulate):
    """Q5_1."""
    return _q5_1(w, x, out, first, last, accumulate)


@entry
def matvec_q4_k(w, x, out, first, last, accumulate):
    """Q4_K."""
    return _q4_k(w, x, out, first, last, accumulate)


@entry
def matvec_q5_k(w, x, out, first, last, accumulate):
    """Q5_K."""
    return _q5_k(w, x, out, first, last, accumulate)


@entry
def matvec_q6_k(w, x, out, first, last, accumulate):
    """Q6_K."""
    return _q6_k(w, x, out, first, last, accumulate)


@entry
def matvec_q3_k(w, x, out, first, last, accumulate):
    """Q3_K."""
    return _q3_k(w, x, out, first, last, accumulate)


@entry
def matvec_q2_k(w, x, out, first, last, accumulate):
    """Q2_K."""
    return _super_affine_16(w, x, out, first, last, accumulate)


@entry
def matvec_f32(w, x, out, first, last, accumulate):
    """F32."""
    return _f32(w, x, out, first, last, accumulate)


@entry
def matvec_f16(w, x, out, first, last, accumulate):
    """F16."""
    return _f16(w, x, out, first, last, accumulate)


@entry
def matvec_bf16(w, x, out, first, last, accumulate):
    """BF16."""
    return _bf16(w, x, out, first, last, accumulate)
