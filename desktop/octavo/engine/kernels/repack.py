"""GGUF blocks to packed groups: what loading a model does to every matrix.

``repack_*(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)`` packs up to 16 rows, one group. A reader
puts the unsigned weights of one block of 32 columns into ``scratch`` as units (vector k has the bytes 4 k to 4 k + 3
of all 16 rows) and its scales into the group's meta; a writer stores the units in their bits. Missing rows of the
last group are zero.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.simd.arithmetic import (
    bit_and,
    bit_or,
    bit_xor,
    shift_left_16,
    shift_right_16,
    splat_i32,
    zero_i32,
)
from octavo.engine.simd.jit import entry, kernel, variant
from octavo.engine.simd.memory import get_i32, get_u8, get_u16, load_i32, put_i8, put_i16, put_i32, store_i32

_LOW_NIBBLES = np.int32(0x0F0F0F0F)
_BYTES_1 = np.int32(0x01010101)
_BYTES_3 = np.int32(0x03030303)


@kernel
def _clear(p, n_bytes):
    for i in range(0, n_bytes, 64):
        store_i32(p + i, zero_i32())


@kernel
def _shift_16(x, count):
    """Shift each 16 bits, left for a positive count."""
    return shift_left_16(x, np.int32(count)) if count >= 0 else shift_right_16(x, np.int32(-count))


@kernel
def _gather_bit(scratch, bit):
    """Bit ``bit`` of the bytes of unit k, collected as bit k."""
    total = zero_i32()
    for k in range(8):
        moved = _shift_16(load_i32(scratch + 64 * k), k - bit)
        total = bit_or(total, bit_and(moved, splat_i32(_byte_mask(k))))
    return total


@kernel
def _byte_mask(k):
    """Bit ``k`` in each of four bytes."""
    return np.int32(np.uint32(0x01010101) << np.uint32(k))


@kernel
def _gather_two(scratch, j, bit):
    """Bits ``bit`` and ``bit + 1`` of units 2 m + j, collected at bits 2 m."""
    total = zero_i32()
    for m in range(4):
        mask = np.int32(np.uint32(0x03030303) << np.uint32(2 * m))
        moved = _shift_16(load_i32(scratch + 64 * (2 * m + j)), 2 * m - bit)
        total = bit_or(total, bit_and(moved, splat_i32(mask)))
    return total


@kernel
def _write_8(scratch, out):
    for k in range(8):
        store_i32(out + 64 * k, load_i32(scratch + 64 * k))


@kernel
def _write_4(scratch, out):
    mask = splat_i32(_LOW_NIBBLES)
    for k in range(4):
        low = bit_and(load_i32(scratch + 64 * k), mask)
        high = bit_and(load_i32(scratch + 64 * (k + 4)), mask)
        store_i32(out + 64 * k, bit_or(low, shift_left_16(high, np.int32(4))))


@kernel
def _write_5(scratch, out):
    _write_4(scratch, out)
    store_i32(out + 256, _gather_bit(scratch, 4))


@kernel
def _write_6(scratch, out):
    _write_4(scratch, out)
    store_i32(out + 256, _gather_two(scratch, 0, 4))
    store_i32(out + 320, _gather_two(scratch, 1, 4))


@kernel
def _write_2(scratch, out):
    store_i32(out, _gather_two(scratch, 0, 0))
    store_i32(out + 64, _gather_two(scratch, 1, 0))


@kernel
def _write_3(scratch, out):
    _write_2(scratch, out)
    store_i32(out + 128, _gather_bit(scratch, 2))


@kernel
def _spread_bit(word, first, bit):
    """Bits ``first`` to ``first + 3`` of ``word`` at bit ``bit`` of four bytes."""
    four = (np.uint32(word) >> np.uint32(first)) & np.uint32(15)
    # Each factor moves one of the four bits to its byte.
    spread = (four * np.uint32(0x00204081)) & np.uint32(0x01010101)
    return np.int32(spread << np.uint32(bit))


@kernel
def _copy_half(source, target):
    put_i16(target, get_u16(source))


def _small(n_bytes, has_minimum, quants_at, high_at, write, n_out):
    """Blocks of 32: ``f16 d [f16 m] [u32 high bits] nibbles[16]``, or bytes for Q8_0 (``high_at`` -2)."""
    meta_step = 64 if has_minimum else 32

    @variant(n_bytes)
    def run(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
        _clear(scratch, 512)
        _clear(out, meta_bytes)
        quants = out + meta_bytes
        for b in range(columns // 32):
            for r in range(n_rows):
                block = source + r * row_bytes + b * n_bytes
                _copy_half(block, out + meta_step * b + 2 * r)
                if has_minimum:
                    _copy_half(block + 2, out + meta_step * b + 32 + 2 * r)
                q = block + quants_at
                for k in range(8 if high_at == -2 else 4):
                    word = get_i32(q + 4 * k)
                    if high_at == -2:
                        put_i32(scratch + 64 * k + 4 * r, word)
                    else:
                        put_i32(scratch + 64 * k + 4 * r, word & _LOW_NIBBLES)
                        put_i32(scratch + 64 * (k + 4) + 4 * r, (word >> 4) & _LOW_NIBBLES)
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


@kernel
def _scale_and_minimum(scales, j):
    """The 6-bit scale and minimum of block ``j`` in the 12 bytes of Q4_K and Q5_K (``ggml-quants.c``)."""
    if j < 4:
        return get_u8(scales + j) & 63, get_u8(scales + j + 4) & 63
    low = get_u8(scales + j + 4)
    return (low & 15) | ((get_u8(scales + j - 4) >> 6) << 4), (low >> 4) | ((get_u8(scales + j) >> 6) << 4)


def _q45_k(n_bytes, high_at, quants_at, write, n_out):
    """Q4_K and Q5_K: ``f16 d, dmin; u8 scales[12]; [u8 high[32]]; u8 quants[128]``."""

    @variant(n_bytes)
    def run(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
        _clear(scratch, 512)
        _clear(out, meta_bytes)
        meta = out
        quants = out + meta_bytes
        for s in range(columns // 256):
            for r in range(n_rows):
                block = source + r * row_bytes + s * n_bytes
                _copy_half(block, meta + 2 * r)
                _copy_half(block + 2, meta + 32 + 2 * r)
            for b in range(8):
                for r in range(n_rows):
                    block = source + r * row_bytes + s * n_bytes
                    scale, minimum = _scale_and_minimum(block + 4, b)
                    put_i8(meta + 64 + 16 * b + r, scale)
                    put_i8(meta + 192 + 16 * b + r, minimum)
                    q = block + quants_at + 32 * (b // 2)
                    for k in range(8):
                        word = (get_i32(q + 4 * k) >> (4 * (b % 2))) & _LOW_NIBBLES
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
def _read_q6(block, b, k):
    """Four weights of block ``b`` of Q6_K: ``u8 low[128], high[64]; i8 scales[16]; f16 d``."""
    half = b // 4
    turn = b % 4
    low = get_i32(block + 64 * half + 32 * (turn % 2) + 4 * k) >> (4 * (turn // 2))
    high = get_i32(block + 128 + 32 * half + 4 * k) >> (2 * turn)
    return np.int32((low & _LOW_NIBBLES) | ((high & _BYTES_3) << 4))


@kernel
def _read_q3(block, b, k):
    """Four weights of block ``b`` of Q3_K: ``u8 high[32], low[64]; u8 scales[12]; f16 d``."""
    low = get_i32(block + 32 + 32 * (b // 4) + 4 * k) >> (2 * (b % 4))
    high = get_i32(block + 4 * k) >> b
    return np.int32((low & _BYTES_3) | ((high & _BYTES_1) << 2))


@kernel
def _scale_q6(block, i):
    return get_u8(block + 192 + i)


@kernel
def _scale_q3(block, i):
    """The 6-bit scale ``i`` of Q3_K, less 32."""
    scales = block + 96
    low = (get_u8(scales + i % 8) >> (4 * (i // 8))) & 15
    high = (get_u8(scales + 8 + i % 4) >> (2 * (i // 4))) & 3
    return (low | (high << 4)) - 32


def _signed_k(n_bytes, scale_at, delta_at, read, scale_of, write, n_out):
    """Q3_K and Q6_K: 16 signed scales, no minimum."""

    @variant(n_bytes)
    def run(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
        _clear(scratch, 512)
        _clear(out, meta_bytes)
        meta = out
        quants = out + meta_bytes
        for s in range(columns // 256):
            for r in range(n_rows):
                _copy_half(source + r * row_bytes + s * n_bytes + delta_at, meta + 2 * r)
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


@entry
def repack_q2_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q2_K: ``u8 scales[16] (minimum << 4 | scale), quants[64]; f16 d, dmin``."""
    _clear(scratch, 512)
    _clear(out, meta_bytes)
    meta = out
    quants = out + meta_bytes
    for s in range(columns // 256):
        for r in range(n_rows):
            block = source + r * row_bytes + s * 84
            _copy_half(block + 80, meta + 2 * r)
            _copy_half(block + 82, meta + 32 + 2 * r)
        for b in range(8):
            for r in range(n_rows):
                block = source + r * row_bytes + s * 84
                put_i8(meta + 64 + 32 * b + r, get_u8(block + 2 * b))
                put_i8(meta + 80 + 32 * b + r, get_u8(block + 2 * b + 1))
                for k in range(8):
                    word = get_i32(block + 16 + 32 * (b // 4) + 4 * k) >> (2 * (b % 4))
                    put_i32(scratch + 64 * k + 4 * r, word & _BYTES_3)
            _write_2(scratch, quants)
            quants += 128
        meta += 320
    return 0


def _float(n_bytes):
    """Columns of 16 rows side by side."""

    @variant(n_bytes)
    def run(source, row_bytes, n_rows, columns, out, _meta_bytes, _scratch):
        if n_rows < 16:
            _clear(out, (16 * n_bytes * columns + 63) // 64 * 64)
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


_q8_0 = _small(34, False, 2, -2, _write_8, 512)
_q4_0 = _small(18, False, 2, -1, _write_4, 256)
_q4_1 = _small(20, True, 4, -1, _write_4, 256)
_q5_0 = _small(22, False, 6, 2, _write_5, 320)
_q5_1 = _small(24, True, 8, 4, _write_5, 320)
_q4_k = _q45_k(144, -1, 16, _write_4, 256)
_q5_k = _q45_k(176, 16, 48, _write_5, 320)
_q6_k = _signed_k(210, 192, 208, _read_q6, _scale_q6, _write_6, 384)
_q3_k = _signed_k(110, 96, 108, _read_q3, _scale_q3, _write_3, 192)
_f16 = _float(2)
_f32 = _float(4)


@entry
def repack_q8_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q8_0."""
    return _q8_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q4_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q4_0."""
    return _q4_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q4_1(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q4_1."""
    return _q4_1(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q5_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q5_0."""
    return _q5_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q5_1(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q5_1."""
    return _q5_1(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q4_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q4_K."""
    return _q4_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q5_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q5_K."""
    return _q5_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q6_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q6_K."""
    return _q6_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q3_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q3_K."""
    return _q3_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_f16(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """F16."""
    return _f16(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_bf16(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """BF16."""
    return _f16(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_f32(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """F32."""
    return _f32(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)
