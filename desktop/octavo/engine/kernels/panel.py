"""A group of 16 rows decoded once, then multiplied by many tokens: what prefill works on.

``panel_*(w, group, out)`` writes either float32[columns][16] (kind ``FLOAT``) or, for every 32 columns, ``PANEL``
bytes: ``u8 units[8][64] | f32 scale_low[16] | f32 scale_high[16] | f32 minimum_low[16] | f32 minimum_high[16]``,
where low and high stand for the first and second 16 columns, and a weight is ``scale * u - minimum`` (kinds with
minimums) or ``scale * (u - (1 << shift))``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.descriptor import COLUMNS, GROUP_BYTES, META_BYTES, WEIGHTS
from octavo.engine.kernels.matvec import nibbles
from octavo.engine.kernels.unpack import unit
from octavo.engine.simd.arithmetic import mul, sub, to_f32, zero_f32
from octavo.engine.simd.jit import entry, kernel
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

PANEL = 768
P_SCALE_LOW, P_SCALE_HIGH, P_MINIMUM_LOW, P_MINIMUM_HIGH = 512, 576, 640, 704


@kernel
def _units(bits, p, out):
    for k in range(8):
        store_i32(out + 64 * k, unit(np.int64(bits), p, k))


@kernel
def _meta(w, group):
    return get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)


@kernel
def _small_blocks(bits, has_minimum, w, group, out):
    """Blocks of 32 with a scale, and maybe a minimum that is added."""
    meta = _meta(w, group)
    p = meta + get_i64(w + META_BYTES)
    for _ in range(get_i64(w + COLUMNS) // 32):
        _units(bits, p, out)
        scale = load_f16(meta)
        store_f32(out + P_SCALE_LOW, scale)
        store_f32(out + P_SCALE_HIGH, scale)
        if has_minimum:
            minimum = sub(zero_f32(), load_f16(meta + 32))
            store_f32(out + P_MINIMUM_LOW, minimum)
            store_f32(out + P_MINIMUM_HIGH, minimum)
        meta += 64 if has_minimum else 32
        p += 64 * bits
        out += PANEL
    return 0


@kernel
def _super_32(bits, w, group, out):
    """Q4_K and Q5_K."""
    meta = _meta(w, group)
    p = meta + get_i64(w + META_BYTES)
    for _ in range(get_i64(w + COLUMNS) // 256):
        d = load_f16(meta)
        dmin = load_f16(meta + 32)
        for b in range(8):
            _units(bits, p, out)
            scale = mul(d, to_f32(load_u8(meta + 64 + 16 * b)))
            minimum = mul(dmin, to_f32(load_u8(meta + 192 + 16 * b)))
            store_f32(out + P_SCALE_LOW, scale)
            store_f32(out + P_SCALE_HIGH, scale)
            store_f32(out + P_MINIMUM_LOW, minimum)
            store_f32(out + P_MINIMUM_HIGH, minimum)
            p += 64 * bits
            out += PANEL
        meta += 320
    return 0


@kernel
def _super_16(bits, w, group, out):
    """Q3_K and Q6_K."""
    meta = _meta(w, group)
    p = meta + get_i64(w + META_BYTES)
    for _ in range(get_i64(w + COLUMNS) // 256):
        d = load_f16(meta)
        for b in range(8):
            _units(bits, p, out)
            store_f32(out + P_SCALE_LOW, mul(d, to_f32(load_i8(meta + 32 + 32 * b))))
            store_f32(out + P_SCALE_HIGH, mul(d, to_f32(load_i8(meta + 48 + 32 * b))))
            p += 64 * bits
            out += PANEL
        meta += 288
    return 0


@entry
def panel_q2_k(w, group, out):
    """Q2_K."""
    meta = _meta(w, group)
    p = meta + get_i64(w + META_BYTES)
    for _ in range(get_i64(w + COLUMNS) // 256):
        d = load_f16(meta)
        dmin = load_f16(meta + 32)
        for b in range(8):
            _units(2, p, out)
            s0, m0 = nibbles(meta + 64 + 32 * b)
            s1, m1 = nibbles(meta + 80 + 32 * b)
            store_f32(out + P_SCALE_LOW, mul(d, s0))
            store_f32(out + P_SCALE_HIGH, mul(d, s1))
            store_f32(out + P_MINIMUM_LOW, mul(dmin, m0))
            store_f32(out + P_MINIMUM_HIGH, mul(dmin, m1))
            p += 128
            out += PANEL
        meta += 320
    return 0


@entry
def panel_q8_0(w, group, out):
    """Q8_0."""
    return _small_blocks(8, False, w, group, out)


@entry
def panel_q4_0(w, group, out):
    """Q4_0."""
    return _small_blocks(4, False, w, group, out)


@entry
def panel_q5_0(w, group, out):
    """Q5_0."""
    return _small_blocks(5, False, w, group, out)


@entry
def panel_q4_1(w, group, out):
    """Q4_1."""
    return _small_blocks(4, True, w, group, out)


@entry
def panel_q5_1(w, group, out):
    """Q5_1."""
    return _small_blocks(5, True, w, group, out)


@entry
def panel_q4_k(w, group, out):
    """Q4_K."""
    return _super_32(4, w, group, out)


@entry
def panel_q5_k(w, group, out):
    """Q5_K."""
    return _super_32(5, w, group, out)


@entry
def panel_q6_k(w, group, out):
    """Q6_K."""
    return _super_16(6, w, group, out)


@entry
def panel_q3_k(w, group, out):
    """Q3_K."""
    return _super_16(3, w, group, out)


@entry
def panel_f32(w, group, out):
    """F32."""
    p = _meta(w, group)
    for k in range(get_i64(w + COLUMNS)):
        store_f32(out + 64 * k, load_f32(p + 64 * k))
    return 0


@entry
def panel_f16(w, group, out):
    """F16."""
    p = _meta(w, group)
    for k in range(get_i64(w + COLUMNS)):
        store_f32(out + 64 * k, load_f16(p + 32 * k))
    return 0


@entry
def panel_bf16(w, group, out):
    """BF16."""
    p = _meta(w, group)
    for k in range(get_i64(w + COLUMNS)):
        store_f32(out + 64 * k, load_bf16(p + 32 * k))
    return 0
