"""Packing super-blocks of 256 columns (layouts after ``ggml-quants.c``)."""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.repack_blocks import clear, copy_half
from octavo.engine.kernels.repack_units import LOW_NIBBLES, write_2
from octavo.engine.simd.jit import kernel, variant
from octavo.engine.simd.memory import get_i32, get_u8, put_i8, put_i32

_BYTES_1 = np.int32(0x01010101)
_BYTES_3 = np.int32(0x03030303)


@kernel
def _scale_and_minimum(scales, j):
    """The 6-bit scale and minimum of block ``j`` in the 12 bytes of Q4_K and Q5_K (``ggml-quants.c``)."""
    if j < 4:
        return get_u8(scales + j) & 63, get_u8(scales + j + 4) & 63
    low = get_u8(scales + j + 4)
    return (low & 15) | ((get_u8(scales + j - 4) >> 6) << 4), (low >> 4) | ((get_u8(scales + j) >> 6) << 4)


def affine_k(n_bytes, high_at, quants_at, write, n_out):
    """Q4_K and Q5_K: ``f16 d, dmin; u8 scales[12]; [u8 high[32]]; u8 quants[128]``."""

    @variant(n_bytes)
    def run(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
        clear(scratch, 512)
        clear(out, meta_bytes)
        meta = out
        quants = out + meta_bytes
        for s in range(columns // 256):
            for r in range(n_rows):
                block = source + r * row_bytes + s * n_bytes
                copy_half(block, meta + 2 * r)
                copy_half(block + 2, meta + 32 + 2 * r)
            for b in range(8):
                for r in range(n_rows):
                    block = source + r * row_bytes + s * n_bytes
                    scale, minimum = _scale_and_minimum(block + 4, b)
                    put_i8(meta + 64 + 16 * b + r, scale)
                    put_i8(meta + 192 + 16 * b + r, minimum)
                    q = block + quants_at + 32 * (b // 2)
                    for k in range(8):
                        word = (get_i32(q + 4 * k) >> (4 * (b % 2))) & LOW_NIBBLES
                        if high_at >= 0:
                            bits = (get_i32(block + high_at + 4 * k) >> b) & _BYTES_1
                            word |= bits << 4
                        put_i32(scratch + 64 * k + 4 * r, np.int32(word))
                write(scratch, quants)
                quants += n_out
            meta += 320
        return 0

    return run


@kernel
def read_q6(block, b, k):
    """Four weights of block ``b`` of Q6_K: ``u8 low[128], high[64]; i8 scales[16]; f16 d``."""
    half = b // 4
    turn = b % 4
    low = get_i32(block + 64 * half + 32 * (turn % 2) + 4 * k) >> (4 * (turn // 2))
    high = get_i32(block + 128 + 32 * half + 4 * k) >> (2 * turn)
    return np.int32((low & LOW_NIBBLES) | ((high & _BYTES_3) << 4))


@kernel
def read_q3(block, b, k):
    """Four weights of block ``b`` of Q3_K: ``u8 high[32], low[64]; u8 scales[12]; f16 d``."""
    low = get_i32(block + 32 + 32 * (b // 4) + 4 * k) >> (2 * (b % 4))
    high = get_i32(block + 4 * k) >> b
    return np.int32((low & _BYTES_3) | ((high & _BYTES_1) << 2))


@kernel
def scale_q6(block, i):
    """The scale ``i`` of Q6_K."""
    return get_u8(block + 192 + i)


@kernel
def scale_q3(block, i):
    """The 6-bit scale ``i`` of Q3_K, less 32."""
    scales = block + 96
    low = (get_u8(scales + i % 8) >> (4 * (i // 8))) & 15
    high = (get_u8(scales + 8 + i % 4) >> (2 * (i // 4))) & 3
    return (low | (high << 4)) - 32


def signed_k(n_bytes, scale_at, delta_at, read, scale_of, write, n_out):
    """Q3_K and Q6_K: 16 signed scales, no minimum."""

    @variant(n_bytes)
    def run(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
        clear(scratch, 512)
        clear(out, meta_bytes)
        meta = out
        quants = out + meta_bytes
        for s in range(columns // 256):
            for r in range(n_rows):
                copy_half(source + r * row_bytes + s * n_bytes + delta_at, meta + 2 * r)
            for b in range(8):
                for r in range(n_rows):
                    block = source + r * row_bytes + s * n_bytes
                    put_i8(meta + 32 + 32 * b + r, scale_of(block, 2 * b))
                    put_i8(meta + 48 + 32 * b + r, scale_of(block, 2 * b + 1))
                    for k in range(8):
                        put_i32(scratch + 64 * k + 4 * r, read(block, b, k))
                write(scratch, quants)
                quants += n_out
            meta += 288
        return 0

    return run


@kernel
def pack_q2_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q2_K: ``u8 scales[16] (minimum << 4 | scale), quants[64]; f16 d, dmin``."""
    clear(scratch, 512)
    clear(out, meta_bytes)
    meta = out
    quants = out + meta_bytes
    for s in range(columns // 256):
        for r in range(n_rows):
            block = source + r * row_bytes + s * 84
            copy_half(block + 80, meta + 2 * r)
            copy_half(block + 82, meta + 32 + 2 * r)
        for b in range(8):
            for r in range(n_rows):
                block = source + r * row_bytes + s * 84
                put_i8(meta + 64 + 32 * b + r, get_u8(block + 2 * b))
                put_i8(meta + 80 + 32 * b + r, get_u8(block + 2 * b + 1))
                for k in range(8):
                    word = get_i32(block + 16 + 32 * (b // 4) + 4 * k) >> (2 * (b % 4))
                    put_i32(scratch + 64 * k + 4 * r, word & _BYTES_3)
            write_2(scratch, quants)
            quants += 128
        meta += 320
    return 0
