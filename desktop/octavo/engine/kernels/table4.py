"""Four bits that point into a table of 16 steps: the entries of IQ4_NL, IQ4_XS and MXFP4 (see ``blocks``).

Packed weights are 4 bits as in ``unpack.py``. The scales of 16 rows are, for every block of 32 columns, ``f16[16]`` in
IQ4_NL and ``u8 exponent[16]`` in MXFP4, and for every 256 columns of IQ4_XS ``f16[16] | i8 group_scale[8][16]``.
Entries have the arguments of ``repack.py``, ``matvec.py`` and ``panel.py``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.descriptor import COLUMNS, GROUP_BYTES, META_BYTES, WEIGHTS
from octavo.engine.kernels.matvec_blocks import finish, scaled
from octavo.engine.kernels.panel import (
    P_OFFSET_LOW,
    P_SCALE_HIGH,
    P_SCALE_LOW,
    PANEL,
    meta_of,
    minus_128_times,
)
from octavo.engine.kernels.record import RECORD, X_SCALE, X_SUM
from octavo.engine.kernels.repack_blocks import clear, copy_half, small_blocks, spread_nibbles
from octavo.engine.kernels.repack_units import write_4
from octavo.engine.kernels.unpack import LOW_NIBBLES, fetch, unit
from octavo.engine.simd.arithmetic import (
    add_i32,
    bit_and,
    fma,
    mul,
    shift_left,
    shift_right_16,
    splat_i32,
    to_f32,
    zero_f32,
    zero_i32,
)
from octavo.engine.simd.dot import BIAS, dot_i8, dot_u7, dot_u8, start_i8
from octavo.engine.simd.half import half_power
from octavo.engine.simd.jit import entry, variant
from octavo.engine.simd.lookup import nibble_table
from octavo.engine.simd.memory import (
    get_i64,
    get_u8,
    get_u16,
    load_f16,
    load_i8,
    load_i32,
    load_u8,
    put_i8,
    repeat_f32,
    repeat_i32,
    store_f32,
    store_i32,
)

# Those of ``blocks/iq4.py``, and twice those of ``blocks/mxfp4.py``.
_UNEVEN = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
_FLOATS = (0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)

_ONES = np.int32(0x01010101)


def _dot(name, look_up, dot):
    """``unpack.dot_4`` for the weights that ``look_up`` gives."""

    @variant(name)
    def run(p, x, low, high):
        fetch(p, 4)
        mask = splat_i32(LOW_NIBBLES)
        for k in range(4):
            v = load_i32(p + 64 * k)
            low = dot(low, look_up(bit_and(v, mask)), repeat_i32(x + 4 * k))
            w = look_up(bit_and(shift_right_16(v, np.int32(4)), mask))
            high = dot(high, w, repeat_i32(x + 4 * k + 16))
        return low, high

    return run


def _block(name, look_up):
    """One block of a panel."""

    @variant(name)
    def run(p, scale, out):
        sums = zero_i32()
        for k in range(8):
            signed = look_up(unit(4, p, k))
            store_i32(out + 64 * k, signed)
            sums = dot_u8(sums, splat_i32(_ONES), signed)
        store_i32(out + P_OFFSET_LOW, minus_128_times(sums))
        store_f32(out + P_SCALE_LOW, scale)
        store_f32(out + P_SCALE_HIGH, scale)

    return run


_dot_uneven = _dot("uneven", nibble_table([step + BIAS for step in _UNEVEN]), dot_i8)
_dot_floats = _dot("floats", nibble_table([step + 16 for step in _FLOATS]), dot_u7)
_panel_uneven = _block("uneven", nibble_table(_UNEVEN))
_panel_floats = _block("floats", nibble_table(_FLOATS))
_pack_nl = small_blocks(18, False, 2, -1, write_4, 256)
_times_nl = scaled(_dot_uneven, 4, start_i8)


@entry
def repack_iq4_nl(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """``f16 d; nibbles[16]``."""
    return _pack_nl(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def matvec_iq4_nl(w, x, out, first, last, accumulate):
    """IQ4_NL."""
    return _times_nl(w, x, out, first, last, accumulate)


@entry
def panel_iq4_nl(w, group, out):
    """IQ4_NL."""
    meta = meta_of(w, group)
    p = meta + get_i64(w + META_BYTES)
    for b in range(get_i64(w + COLUMNS) // 32):
        _panel_uneven(p + 256 * b, load_f16(meta + 32 * b), out + PANEL * b)
    return 0


@entry
def repack_iq4_xs(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """``f16 d; u16 high; u8 low[4]; nibbles[128]``."""
    clear(scratch, 512)
    clear(out, meta_bytes)
    quants = out + meta_bytes
    for s in range(columns // 256):
        meta = out + 160 * s
        for r in range(n_rows):
            copy_half(source + r * row_bytes + s * 136, meta + 2 * r)
        for b in range(8):
            for r in range(n_rows):
                block = source + r * row_bytes + s * 136
                low = (get_u8(block + 4 + b // 2) >> (4 * (b % 2))) & 15
                high = (get_u16(block + 2) >> (2 * b)) & 3
                put_i8(meta + 32 + 16 * b + r, (low | high << 4) - 32)
                spread_nibbles(block + 8 + 16 * b, scratch + 4 * r)
            write_4(scratch, quants)
            quants += 256
    return 0


@entry
def matvec_iq4_xs(w, x, out, first, last, accumulate):
    """IQ4_XS."""
    n = get_i64(w + COLUMNS) // 256
    for group in range(first, last):
        meta = get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)
        p = meta + get_i64(w + META_BYTES)
        total = zero_f32()
        r = x
        for _ in range(n):
            sums = zero_f32()
            for b in range(8):
                low, high = _dot_uneven(p, r, start_i8(repeat_i32(r + X_SUM)), zero_i32())
                scale = mul(to_f32(load_i8(meta + 32 + 16 * b)), repeat_f32(r + X_SCALE))
                sums = fma(to_f32(add_i32(low, high)), scale, sums)
                p += 256
                r += RECORD
            total = fma(sums, load_f16(meta), total)
            meta += 160
        finish(out + 64 * group, total, accumulate)
    return 0


@entry
def panel_iq4_xs(w, group, out):
    """IQ4_XS."""
    meta = meta_of(w, group)
    p = meta + get_i64(w + META_BYTES)
    for _ in range(get_i64(w + COLUMNS) // 256):
        d = load_f16(meta)
        for b in range(8):
            _panel_uneven(p, mul(d, to_f32(load_i8(meta + 32 + 16 * b))), out)
            p += 256
            out += PANEL
        meta += 160
    return 0


@entry
def repack_mxfp4(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """``u8 exponent; nibbles[16]``."""
    clear(scratch, 512)
    clear(out, meta_bytes)
    quants = out + meta_bytes
    for b in range(columns // 32):
        for r in range(n_rows):
            block = source + r * row_bytes + b * 17
            put_i8(out + 16 * b + r, get_u8(block))
            spread_nibbles(block + 1, scratch + 4 * r)
        write_4(scratch, quants)
        quants += 256
    return 0


@entry
def matvec_mxfp4(w, x, out, first, last, accumulate):
    """MXFP4."""
    n = get_i64(w + COLUMNS) // 32
    for group in range(first, last):
        meta = get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)
        p = meta + get_i64(w + META_BYTES)
        total = zero_f32()
        for b in range(n):
            r = x + RECORD * b
            low, high = _dot_floats(p, r, shift_left(repeat_i32(r + X_SUM), np.int32(4)), zero_i32())
            dots = mul(to_f32(add_i32(low, high)), repeat_f32(r + X_SCALE))
            total = fma(dots, half_power(load_u8(meta + 16 * b)), total)
            p += 256
        finish(out + 64 * group, total, accumulate)
    return 0


@entry
def panel_mxfp4(w, group, out):
    """MXFP4."""
    meta = meta_of(w, group)
    p = meta + get_i64(w + META_BYTES)
    for b in range(get_i64(w + COLUMNS) // 32):
        _panel_floats(p + 256 * b, half_power(load_u8(meta + 16 * b)), out + PANEL * b)
    return 0
