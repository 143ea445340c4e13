"""Packing blocks of 32 columns, and weights that are numbers already."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.types import block_type
from octavo.engine.kernels.groups import clear, packing_of
from octavo.engine.kernels.repack_units import LOW_NIBBLES
from octavo.engine.simd.jit import kernel, variant
from octavo.engine.simd.memory import get_i32, get_u16, put_i16, put_i32


@kernel
def copy_half(source, target):
    """Copy 2 bytes."""
    put_i16(target, get_u16(source))


@kernel
def _spread_bit(word, first, bit):
    """Bits ``first`` to ``first + 3`` of ``word`` at bit ``bit`` of four bytes."""
    four = (np.uint32(word) >> np.uint32(first)) & np.uint32(15)
    # Each factor moves one of the four bits to its byte.
    spread = (four * np.uint32(0x00204081)) & np.uint32(0x01010101)
    return np.int32(spread << np.uint32(bit))


@kernel
def spread_nibbles(q, out):
    """Put 16 bytes of nibbles, 4 weights at a time, into a row's places of 8 units."""
    for k in range(4):
        word = get_i32(q + 4 * k)
        put_i32(out + 64 * k, word & LOW_NIBBLES)
        put_i32(out + 64 * (k + 4), (word >> 4) & LOW_NIBBLES)


@kernel
def _add_fifth_bits(bits, out):
    for k in range(8):
        put_i32(out + 64 * k, get_i32(out + 64 * k) | _spread_bit(bits, 4 * k, 4))


def small_blocks(name, write, *, has_minimum=False, high_at=-1):
    """Blocks of 32: ``f16 d [f16 m] [u32 high bits, at high_at] nibbles[16]``."""
    nibbles_at = block_type(name).n_bytes - 16

    @variant("small_scales", has_minimum)
    def read_scales(source, meta, r):
        copy_half(source, meta + 2 * r)
        if has_minimum:
            copy_half(source + 2, meta + 32 + 2 * r)

    @variant("small_block", nibbles_at)
    def read_block(source, _b, _meta, _r, out):
        spread_nibbles(source + nibbles_at, out)
        if high_at >= 0:
            _add_fifth_bits(get_i32(source + high_at), out)

    return packing_of(name, read_scales, read_block, write)


@kernel
def copy_scale(source, meta, r):
    """The one scale of a block."""
    copy_half(source, meta + 2 * r)


@kernel
def copy_bytes(source, _b, _meta, _r, out):
    """The bytes of Q8_0: ``f16 d; i8 q[32]``."""
    for k in range(8):
        put_i32(out + 64 * k, get_i32(source + 2 + 4 * k))


def floats(n_bytes):
    """Columns of 16 rows side by side."""

    @variant(n_bytes)
    def run(source, row_bytes, n_rows, columns, out, _meta_bytes, _scratch):
        if n_rows < 16:
            clear(out, (16 * n_bytes * columns + 63) // 64 * 64)
        for r in range(n_rows):
            for k in range(columns):
                at = source + r * row_bytes + n_bytes * k
                to = out + n_bytes * (16 * k + r)
                if n_bytes == 4:
                    put_i32(to, get_i32(at))
                else:
                    put_i16(to, get_u16(at))
        return 0

    return run
