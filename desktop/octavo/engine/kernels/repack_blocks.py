"""Packing blocks of 32 columns, and weights that are numbers already."""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.repack_units import LOW_NIBBLES
from octavo.engine.simd.arithmetic import bit_xor, splat_i32, zero_i32
from octavo.engine.simd.jit import kernel, variant
from octavo.engine.simd.memory import get_i32, get_u16, load_i32, put_i16, put_i32, store_i32


@kernel
def clear(p, n_bytes):
    """Zero whole cache lines."""
    for i in range(0, n_bytes, 64):
        store_i32(p + i, zero_i32())


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


def small_blocks(n_bytes, has_minimum, quants_at, high_at, write, n_out):
    """Blocks of 32: ``f16 d [f16 m] [u32 high bits] nibbles[16]``, or bytes for Q8_0 (``high_at`` -2)."""
    meta_step = 64 if has_minimum else 32

    @variant(n_bytes)
    def run(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
        clear(scratch, 512)
        clear(out, meta_bytes)
        quants = out + meta_bytes
        for b in range(columns // 32):
            for r in range(n_rows):
                block = source + r * row_bytes + b * n_bytes
                copy_half(block, out + meta_step * b + 2 * r)
                if has_minimum:
                    copy_half(block + 2, out + meta_step * b + 32 + 2 * r)
                q = block + quants_at
                if high_at == -2:
                    for k in range(8):
                        put_i32(scratch + 64 * k + 4 * r, get_i32(q + 4 * k))
                else:
                    spread_nibbles(q, scratch + 4 * r)
                if high_at >= 0:
                    bits = get_i32(block + high_at)
                    for k in range(8):
                        at = scratch + 64 * k + 4 * r
                        put_i32(at, get_i32(at) | _spread_bit(bits, 4 * k, 4))
            if high_at == -2:
                for k in range(8):
                    flipped = bit_xor(
                        load_i32(scratch + 64 * k), splat_i32(np.int32(-2139062144))
                    )  # 0x80 each
                    store_i32(scratch + 64 * k, flipped)
            write(scratch, quants)
            quants += n_out
        return 0

    return run


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
