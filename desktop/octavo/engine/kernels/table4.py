"""Four bits that point into a table of 16 steps: the entries of IQ4_NL, IQ4_XS and MXFP4 (see ``blocks``).

Packed weights are 4 bits as in ``unpack.py``. The scales of 16 rows are, for every block of 32 columns, ``f16[16]`` in
IQ4_NL and ``u8 exponent[16]`` in MXFP4, and for every 256 columns of IQ4_XS ``f16[16] | i8 group_scale[8][16]``.
Entries have the arguments of ``repack.py``, ``matvec.py`` and ``panel.py``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.groups import packing_of, panel_of, product_of
from octavo.engine.kernels.matvec_blocks import scaled
from octavo.engine.kernels.panel import P_OFFSET_LOW, PANEL, minus_128_times, same_scale
from octavo.engine.kernels.record import RECORD, X_SCALE, X_SUM
from octavo.engine.kernels.repack_blocks import copy_half, small_blocks, spread_nibbles
from octavo.engine.kernels.repack_units import write_4
from octavo.engine.kernels.unpack import fetch, unit
from octavo.engine.simd.arithmetic import (
    add_i32,
    fma,
    mul,
    shift_left,
    splat_i32,
    to_f32,
    zero_f32,
    zero_i32,
)
from octavo.engine.simd.dot import BIAS, dot_i8, dot_u5_four, dot_u8, start_i8
from octavo.engine.simd.half import half_power
from octavo.engine.simd.jit import entry, kernel, variant
from octavo.engine.simd.lookup import nibble_table
from octavo.engine.simd.memory import (
    get_u8,
    get_u16,
    load_f16,
    load_i8,
    load_u8,
    put_i8,
    repeat_f32,
    repeat_i32,
    store_i32,
)

# Those of ``blocks/iq4.py``, and twice those of ``blocks/mxfp4.py``.
_UNEVEN = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
_FLOATS = (0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)

_ONES = np.int32(0x01010101)


_biased = nibble_table([step + BIAS for step in _UNEVEN])
_lifted = nibble_table([step + 16 for step in _FLOATS])
_uneven = nibble_table(_UNEVEN)
_floats = nibble_table(_FLOATS)


@kernel
def _dot_uneven(p, x, low, high):
    """``unpack.dot_4`` for uneven steps."""
    fetch(p, 4)
    for k in range(4):
        low = dot_i8(low, _biased(unit(4, p, k)), repeat_i32(x + 4 * k))
        high = dot_i8(high, _biased(unit(4, p, k + 4)), repeat_i32(x + 4 * k + 16))
    return low, high


@kernel
def _four_floats(acc, p, k, x):
    """Add units ``k`` to ``k + 3`` times 16 int8 at ``x``."""
    a, b, c, d = (
        _lifted(unit(4, p, k)),
        _lifted(unit(4, p, k + 1)),
        _lifted(unit(4, p, k + 2)),
        _lifted(unit(4, p, k + 3)),
    )
    return dot_u5_four(
        acc, a, b, c, d, repeat_i32(x), repeat_i32(x + 4), repeat_i32(x + 8), repeat_i32(x + 12)
    )


@kernel
def _dot_floats(p, x, low, high):
    """``unpack.dot_4`` for floats, 16 too high."""
    fetch(p, 4)
    return _four_floats(low, p, 0, x), _four_floats(high, p, 4, x + 16)


def _block(name, look_up):
    """One block of a panel."""

    @variant(name)
    def decode(p, scale, out):
        sums = zero_i32()
        for k in range(8):
            signed = look_up(unit(4, p, k))
            store_i32(out + 64 * k, signed)
            sums = dot_u8(sums, splat_i32(_ONES), signed)
        store_i32(out + P_OFFSET_LOW, minus_128_times(sums))
        same_scale(scale, out)

    return decode


_block_uneven = _block("uneven", _uneven)
_block_floats = _block("floats", _floats)


@kernel
def _decode_nl(meta, p, out):
    _block_uneven(p, load_f16(meta), out)


@kernel
def _scales_xs(source, meta, r):
    copy_half(source, meta + 2 * r)


@kernel
def _block_xs(source, b, meta, r, out):
    low = (get_u8(source + 4 + b // 2) >> (4 * (b % 2))) & 15
    high = (get_u16(source + 2) >> (2 * b)) & 3
    put_i8(meta + 32 + 16 * b + r, (low | high << 4) - 32)
    spread_nibbles(source + 8 + 16 * b, out)


@kernel
def _multiply_xs(meta, p, r, total):
    sums = zero_f32()
    for b in range(8):
        low, high = _dot_uneven(p, r, start_i8(repeat_i32(r + X_SUM)), zero_i32())
        scale = mul(to_f32(load_i8(meta + 32 + 16 * b)), repeat_f32(r + X_SCALE))
        sums = fma(to_f32(add_i32(low, high)), scale, sums)
        p += 256
        r += RECORD
    return fma(sums, load_f16(meta), total)


@kernel
def _decode_xs(meta, p, out):
    d = load_f16(meta)
    for b in range(8):
        _block_uneven(p + 256 * b, mul(d, to_f32(load_i8(meta + 32 + 16 * b))), out + PANEL * b)


@kernel
def _scales_mx(source, meta, r):
    put_i8(meta + r, get_u8(source))


@kernel
def _block_mx(source, _b, _meta, _r, out):
    spread_nibbles(source + 1, out)


@kernel
def _multiply_mx(meta, p, r, total):
    low, high = _dot_floats(p, r, shift_left(repeat_i32(r + X_SUM), np.int32(4)), zero_i32())
    dots = mul(to_f32(add_i32(low, high)), repeat_f32(r + X_SCALE))
    return fma(dots, half_power(load_u8(meta)), total)


@kernel
def _decode_mx(meta, p, out):
    _block_floats(p, half_power(load_u8(meta)), out)


_pack_nl = small_blocks("IQ4_NL", write_4)
_times_nl = scaled("IQ4_NL", _dot_uneven, start_i8)
_panel_nl = panel_of("IQ4_NL", _decode_nl)
_pack_xs = packing_of("IQ4_XS", _scales_xs, _block_xs, write_4)
_times_xs = product_of("IQ4_XS", _multiply_xs)
_panel_xs = panel_of("IQ4_XS", _decode_xs)
_pack_mx = packing_of("MXFP4", _scales_mx, _block_mx, write_4)
_times_mx = product_of("MXFP4", _multiply_mx)
_panel_mx = panel_of("MXFP4", _decode_mx)


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
    return _panel_nl(w, group, out)


@entry
def repack_iq4_xs(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """``f16 d; u16 high; u8 low[4]; nibbles[128]``."""
    return _pack_xs(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def matvec_iq4_xs(w, x, out, first, last, accumulate):
    """IQ4_XS."""
    return _times_xs(w, x, out, first, last, accumulate)


@entry
def panel_iq4_xs(w, group, out):
    """IQ4_XS."""
    return _panel_xs(w, group, out)


@entry
def repack_mxfp4(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """``u8 exponent; nibbles[16]``."""
    return _pack_mx(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def matvec_mxfp4(w, x, out, first, last, accumulate):
    """MXFP4."""
    return _times_mx(w, x, out, first, last, accumulate)


@entry
def panel_mxfp4(w, group, out):
    """MXFP4."""
    return _panel_mx(w, group, out)
