"""A group of 16 rows decoded once, then multiplied by many tokens: what prefill works on.

``panel_*(w, group, out)`` writes either float32[columns][16] (kind ``FLOAT``) or, for every 32 columns, ``PANEL``
bytes: ``i8 units[8][64] | f32 scale_low[16] | f32 scale_high[16] | f32 minimum_low[16] | f32 minimum_high[16] |
i32 offset_low[16] | i32 offset_high[16]``, where low and high stand for the first and second 16 columns, and a weight
is ``scale * unit - minimum``. Units are signed, because prefill's activations have 128 added; ``offset`` is -128
times the sum of the units (``offset_low`` of all 32 columns in kinds with one scale for them), which takes it off.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.descriptor import COLUMNS
from octavo.engine.kernels.groups import PANEL_BYTES, meta_of, panel_of
from octavo.engine.kernels.matvec_super import nibbles
from octavo.engine.kernels.unpack import unit
from octavo.engine.simd.arithmetic import (
    add_i32,
    mul,
    shift_left,
    splat_i32,
    sub,
    sub_i8,
    sub_i32,
    to_f32,
    zero_f32,
    zero_i32,
)
from octavo.engine.simd.dot import dot_u8
from octavo.engine.simd.jit import entry, kernel, variant
from octavo.engine.simd.memory import (
    get_i64,
    load_bf16,
    load_f16,
    load_f32,
    load_i8,
    load_u8,
    store_f32,
    store_i32,
)

PANEL = PANEL_BYTES
P_SCALE_LOW, P_SCALE_HIGH, P_MINIMUM_LOW, P_MINIMUM_HIGH, P_OFFSET_LOW, P_OFFSET_HIGH = (
    512,
    576,
    640,
    704,
    768,
    832,
)


@kernel
def minus_128_times(x):
    """What an offset is of a sum."""
    return sub_i32(zero_i32(), shift_left(x, np.int32(7)))


@kernel
def _units(bits, zero, p, out):
    """The units of a block, less ``zero``, with one offset for all columns."""
    low, high = _halves(bits, zero, p, out)
    store_i32(out + P_OFFSET_LOW, minus_128_times(add_i32(low, high)))


@kernel
def _units_16(bits, zero, p, out):
    """The same with an offset for each 16 columns."""
    low, high = _halves(bits, zero, p, out)
    store_i32(out + P_OFFSET_LOW, minus_128_times(low))
    store_i32(out + P_OFFSET_HIGH, minus_128_times(high))


@kernel
def _halves(bits, zero, p, out):
    """Store the units of a block; the sums of the first and the second 16 columns."""
    zeros = splat_i32(np.int32(np.int64(zero) * 0x01010101 if zero < 128 else -2139062144))
    return store_units(bits, zeros, p, out)


@kernel
def store_units(bits, zeros, p, out):
    """Store the units of a block, less ``zeros`` byte by byte; the sums of the first and the second 16 columns."""
    ones = splat_i32(np.int32(0x01010101))
    low = zero_i32()
    high = zero_i32()
    for k in range(8):
        signed = sub_i8(unit(np.int64(bits), p, k), zeros)
        store_i32(out + 64 * k, signed)
        if k < 4:
            low = dot_u8(low, ones, signed)
        else:
            high = dot_u8(high, ones, signed)
    return low, high


@kernel
def same_scale(scale, out):
    """One scale for all 32 columns of a block."""
    store_f32(out + P_SCALE_LOW, scale)
    store_f32(out + P_SCALE_HIGH, scale)


@kernel
def _same_minimum(minimum, out):
    store_f32(out + P_MINIMUM_LOW, minimum)
    store_f32(out + P_MINIMUM_HIGH, minimum)


def _scaled(name, bits, zero):
    """Blocks of 32 with a scale."""

    @variant("scaled", name)
    def decode(meta, p, out):
        _units(bits, zero, p, out)
        same_scale(load_f16(meta), out)

    return panel_of(name, decode)


def _affine(name, bits):
    """Blocks of 32 with a scale, and a minimum that is added."""

    @variant("affine", name)
    def decode(meta, p, out):
        _units(bits, 0, p, out)
        same_scale(load_f16(meta), out)
        _same_minimum(sub(zero_f32(), load_f16(meta + 32)), out)

    return panel_of(name, decode)


def _super_affine(name, bits):
    """Q4_K and Q5_K."""

    @variant("super_affine", name)
    def decode(meta, p, out):
        d = load_f16(meta)
        dmin = load_f16(meta + 32)
        for b in range(8):
            _units(bits, 0, p, out)
            same_scale(mul(d, to_f32(load_u8(meta + 64 + 16 * b))), out)
            _same_minimum(mul(dmin, to_f32(load_u8(meta + 192 + 16 * b))), out)
            p += 64 * bits
            out += PANEL

    return panel_of(name, decode)


def _super_scaled(name, bits, zero):
    """Q3_K and Q6_K."""

    @variant("super_scaled", name)
    def decode(meta, p, out):
        d = load_f16(meta)
        for b in range(8):
            _units_16(bits, zero, p, out)
            store_f32(out + P_SCALE_LOW, mul(d, to_f32(load_i8(meta + 32 + 32 * b))))
            store_f32(out + P_SCALE_HIGH, mul(d, to_f32(load_i8(meta + 48 + 32 * b))))
            p += 64 * bits
            out += PANEL

    return panel_of(name, decode)


@kernel
def _decode_q2_k(meta, p, out):
    d = load_f16(meta)
    dmin = load_f16(meta + 32)
    for b in range(8):
        _units_16(2, 0, p, out)
        s0, m0 = nibbles(meta + 64 + 32 * b)
        s1, m1 = nibbles(meta + 80 + 32 * b)
        store_f32(out + P_SCALE_LOW, mul(d, s0))
        store_f32(out + P_SCALE_HIGH, mul(d, s1))
        store_f32(out + P_MINIMUM_LOW, mul(dmin, m0))
        store_f32(out + P_MINIMUM_HIGH, mul(dmin, m1))
        p += 128
        out += PANEL


def _floats(load, size):
    """Numbers of ``size`` bytes."""

    @variant(load.__name__)
    def run(w, group, out):
        p = meta_of(w, group)
        for k in range(get_i64(w + COLUMNS)):
            store_f32(out + 64 * k, load(p + 16 * size * k))
        return 0

    return run


_q8_0 = _scaled("Q8_0", 8, 128)
_q4_0 = _scaled("Q4_0", 4, 8)
_q5_0 = _scaled("Q5_0", 5, 16)
_q4_1 = _affine("Q4_1", 4)
_q5_1 = _affine("Q5_1", 5)
_q4_k = _super_affine("Q4_K", 4)
_q5_k = _super_affine("Q5_K", 5)
_q6_k = _super_scaled("Q6_K", 6, 32)
_q3_k = _super_scaled("Q3_K", 3, 4)
_q2_k = panel_of("Q2_K", _decode_q2_k)
_f32 = _floats(load_f32, 4)
_f16 = _floats(load_f16, 2)
_bf16 = _floats(load_bf16, 2)


@entry
def panel_q8_0(w, group, out):
    """Q8_0."""
    return _q8_0(w, group, out)


@entry
def panel_q4_0(w, group, out):
    """Q4_0."""
    return _q4_0(w, group, out)


@entry
def panel_q5_0(w, group, out):
    """Q5_0."""
    return _q5_0(w, group, out)


@entry
def panel_q4_1(w, group, out):
    """Q4_1."""
    return _q4_1(w, group, out)


@entry
def panel_q5_1(w, group, out):
    """Q5_1."""
    return _q5_1(w, group, out)


@entry
def panel_q4_k(w, group, out):
    """Q4_K."""
    return _q4_k(w, group, out)


@entry
def panel_q5_k(w, group, out):
    """Q5_K."""
    return _q5_k(w, group, out)


@entry
def panel_q6_k(w, group, out):
    """Q6_K."""
    return _q6_k(w, group, out)


@entry
def panel_q3_k(w, group, out):
    """Q3_K."""
    return _q3_k(w, group, out)


@entry
def panel_q2_k(w, group, out):
    """Q2_K."""
    return _q2_k(w, group, out)


@entry
def panel_f32(w, group, out):
    """F32."""
    return _f32(w, group, out)


@entry
def panel_f16(w, group, out):
    """F16."""
    return _f16(w, group, out)


@entry
def panel_bf16(w, group, out):
    """BF16."""
    return _bf16(w, group, out)
