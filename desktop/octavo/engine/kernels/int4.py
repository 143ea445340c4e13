"""Groups of 32, 64 or 128 columns with a scale and a zero point: the entries of INT4_G32, INT4_G64 and INT4_G128.

A packed group of 16 rows has, for every group of columns, ``f16 scale[16] | u8 zero[16]``, then 4 bits a weight as in
``unpack.py``. Entries have the arguments of ``repack.py``, ``matvec.py`` and ``panel.py``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.groups import packing_of, panel_of, product_of
from octavo.engine.kernels.panel import P_OFFSET_LOW, PANEL, minus_128_times, same_scale, store_units
from octavo.engine.kernels.record import RECORD, X_SCALE, X_SUM
from octavo.engine.kernels.repack_blocks import copy_half, spread_nibbles
from octavo.engine.kernels.repack_units import write_4
from octavo.engine.kernels.unpack import dot_4
from octavo.engine.simd.arithmetic import add_i32, fma, mul_i32, splat_i32, to_f32, zero_f32, zero_i32
from octavo.engine.simd.jit import entry, kernel, variant
from octavo.engine.simd.memory import (
    get_u8,
    load_f16,
    load_u8,
    put_i8,
    repeat_f32,
    repeat_i32,
    store_i32,
)


@kernel
def _read_scales(source, meta, r):
    copy_half(source, meta + 2 * r)
    put_i8(meta + 32 + r, get_u8(source + 2))


@kernel
def _read_block(source, b, _meta, _r, out):
    spread_nibbles(source + 3 + 16 * b, out)


def _packing(n_blocks):
    """Pack groups of ``n_blocks`` times 32 columns: ``f16 scale; u8 zero, nibbles[16 n_blocks]``."""
    return packing_of(f"INT4_G{32 * n_blocks}", _read_scales, _read_block, write_4)


def _product(n_blocks):
    """Sums of a group are whole numbers, zero points taken off exactly; its scale multiplies them once."""

    @variant("int4", n_blocks)
    def multiply(meta, p, r, total):
        zeros = to_f32(load_u8(meta + 32))
        sums = zero_f32()
        for _ in range(n_blocks):
            low, high = dot_4(p, r, zero_i32(), zero_i32())
            dots = fma(zeros, to_f32(repeat_i32(r + X_SUM)), to_f32(add_i32(low, high)))
            sums = fma(dots, repeat_f32(r + X_SCALE), sums)
            p += 256
            r += RECORD
        return fma(sums, load_f16(meta), total)

    return product_of(f"INT4_G{32 * n_blocks}", multiply)


def _decoding(n_blocks):
    """A panel of weights less their zero points, so that it needs no minimum."""

    @variant("int4", n_blocks)
    def decode(meta, p, out):
        scale = load_f16(meta)
        zeros = mul_i32(load_u8(meta + 32), splat_i32(np.int32(0x01010101)))
        for _ in range(n_blocks):
            low, high = store_units(4, zeros, p, out)
            store_i32(out + P_OFFSET_LOW, minus_128_times(add_i32(low, high)))
            same_scale(scale, out)
            p += 256
            out += PANEL

    return panel_of(f"INT4_G{32 * n_blocks}", decode)


_pack_32, _pack_64, _pack_128 = _packing(1), _packing(2), _packing(4)
_times_32, _times_64, _times_128 = _product(1), _product(2), _product(4)
_panel_32, _panel_64, _panel_128 = _decoding(1), _decoding(2), _decoding(4)


@entry
def repack_int4_g32(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Groups of 32."""
    return _pack_32(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_int4_g64(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Groups of 64."""
    return _pack_64(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_int4_g128(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Groups of 128."""
    return _pack_128(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def matvec_int4_g32(w, x, out, first, last, accumulate):
    """Groups of 32."""
    return _times_32(w, x, out, first, last, accumulate)


@entry
def matvec_int4_g64(w, x, out, first, last, accumulate):
    """Groups of 64."""
    return _times_64(w, x, out, first, last, accumulate)


@entry
def matvec_int4_g128(w, x, out, first, last, accumulate):
    """Groups of 128."""
    return _times_128(w, x, out, first, last, accumulate)


@entry
def panel_int4_g32(w, group, out):
    """Groups of 32."""
    return _panel_32(w, group, out)


@entry
def panel_int4_g64(w, group, out):
    """Groups of 64."""
    return _panel_64(w, group, out)


@entry
def panel_int4_g128(w, group, out):
    """Groups of 128."""
    return _panel_128(w, group, out)
