"""Packing super-blocks of 256 columns (layouts after ``ggml-quants.c``)."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.types import block_type
from octavo.engine.kernels.groups import packing_of
from octavo.engine.kernels.repack_blocks import copy_half
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


@kernel
def _copy_two(source, meta, r):
    copy_half(source, meta + 2 * r)
    copy_half(source + 2, meta + 32 + 2 * r)


def affine_k(name, write, *, high_at=-1):
    """Q4_K and Q5_K: ``f16 d, dmin; u8 scales[12]; [u8 high[32]]; u8 quants[128]``."""
    quants_at = block_type(name).n_bytes - 128

    @variant("affine_k", quants_at)
    def read_block(source, b, meta, r, out):
        scale, minimum = _scale_and_minimum(source + 4, b)
        put_i8(meta + 64 + 16 * b + r, scale)
        put_i8(meta + 192 + 16 * b + r, minimum)
        q = source + quants_at + 32 * (b // 2)
        for k in range(8):
            word = (get_i32(q + 4 * k) >> (4 * (b % 2))) & LOW_NIBBLES
            if high_at >= 0:
                bits = (get_i32(source + high_at + 4 * k) >> b) & _BYTES_1
                word |= bits << 4
            put_i32(out + 64 * k, np.int32(word))

    return packing_of(name, _copy_two, read_block, write)


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


def signed_k(name, delta_at, read, scale_of, write):
    """Q3_K and Q6_K: 16 signed scales, no minimum."""

    @variant("signed_scales", name)
    def read_scales(source, meta, r):
        copy_half(source + delta_at, meta + 2 * r)

    @variant("signed_block", name)
    def read_block(source, b, meta, r, out):
        put_i8(meta + 32 + 32 * b + r, scale_of(source, 2 * b))
        put_i8(meta + 48 + 32 * b + r, scale_of(source, 2 * b + 1))
        for k in range(8):
            put_i32(out + 64 * k, read(source, b, k))

    return packing_of(name, read_scales, read_block, write)


@kernel
def _scales_q2_k(source, meta, r):
    _copy_two(source + 80, meta, r)


@kernel
def _block_q2_k(source, b, meta, r, out):
    put_i8(meta + 64 + 32 * b + r, get_u8(source + 2 * b))
    put_i8(meta + 80 + 32 * b + r, get_u8(source + 2 * b + 1))
    for k in range(8):
        word = get_i32(source + 16 + 32 * (b // 4) + 4 * k) >> (2 * (b % 4))
        put_i32(out + 64 * k, word & _BYTES_3)


pack_q2_k = packing_of("Q2_K", _scales_q2_k, _block_q2_k, write_2)
"""Q2_K: ``u8 scales[16] (minimum << 4 | scale), quants[64]; f16 d, dmin``."""
