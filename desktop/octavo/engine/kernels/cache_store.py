"""Queries and keys turned to their positions, keys and values written into the cache."""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.activation import inverse_rms
from octavo.engine.kernels.attention import key_block_bytes, value_bytes
from octavo.engine.kernels.attention_tile import F16, F32
from octavo.engine.simd.arithmetic import absolute, fma, max_lane, maximum, mul, round_to_i32, splat_f32, sub
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.memory import (
    get_f32,
    load_f32,
    put_f16,
    put_f32,
    put_i8,
    store_f16,
    store_f32,
    store_i8,
)


@kernel
def rotate(x, table, n_pairs, is_interleaved):
    """Rotary position embedding of one head (Su et al., arXiv 2104.09864).

    Parameters
    ----------
    x : address
        float32, changed in place.
    table : address
        float32: ``n_pairs`` cosines, then sines.
    is_interleaved : int
        Pairs are (2 i, 2 i + 1); else (i, i + n_pairs).
    """
    if is_interleaved:
        for i in range(n_pairs):
            c = get_f32(table + 4 * i)
            s = get_f32(table + 4 * (n_pairs + i))
            a = get_f32(x + 8 * i)
            b = get_f32(x + 8 * i + 4)
            put_f32(x + 8 * i, a * c - b * s)
            put_f32(x + 8 * i + 4, a * s + b * c)
    elif n_pairs % 16 == 0:
        for i in range(0, 4 * n_pairs, 64):
            c = load_f32(table + i)
            s = load_f32(table + 4 * n_pairs + i)
            a = load_f32(x + i)
            b = load_f32(x + 4 * n_pairs + i)
            store_f32(x + i, sub(mul(a, c), mul(b, s)))
            store_f32(x + 4 * n_pairs + i, fma(a, s, mul(b, c)))
    else:
        for i in range(n_pairs):
            c = get_f32(table + 4 * i)
            s = get_f32(table + 4 * (n_pairs + i))
            a = get_f32(x + 4 * i)
            b = get_f32(x + 4 * (n_pairs + i))
            put_f32(x + 4 * i, a * c - b * s)
            put_f32(x + 4 * (n_pairs + i), a * s + b * c)


@kernel
def norm_head(x, weight, size, epsilon):
    """Root-mean-square norm of one head, in place."""
    factor = splat_f32(inverse_rms(x, size, epsilon))
    for i in range(0, 4 * size, 64):
        store_f32(x + i, mul(mul(load_f32(x + i), factor), load_f32(weight + i)))


@kernel
def _largest(x):
    return max_lane(maximum(absolute(load_f32(x)), absolute(load_f32(x + 64))))


@separate
def store_key(x, size, head_cache, slot, kind):
    """Write one key into its column of a key block."""
    block = head_cache + slot // 16 * key_block_bytes(size, kind)
    lane = slot % 16
    if kind == F32:
        for d in range(size):
            put_f32(block + 64 * d + 4 * lane, get_f32(x + 4 * d))
        return
    if kind == F16:
        for d in range(size):
            put_f16(block + 32 * d + 2 * lane, get_f32(x + 4 * d))
        return
    for group in range(size // 32):
        start = x + 128 * group
        scale = _largest(start) / np.float32(127.0)
        inverse = np.float32(1.0) / scale if scale > 0 else np.float32(0.0)
        put_f16(block + 16 * size + 32 * group + 2 * lane, scale)
        for d in range(32):
            q = np.int32(np.rint(get_f32(start + 4 * d) * inverse))
            put_i8(block + 16 * (32 * group + d) + lane, q)


@separate
def store_value(x, size, head_cache, slot, kind):
    """Write one value."""
    here = head_cache + slot * value_bytes(size, kind)
    if kind == F32:
        for d in range(0, 4 * size, 64):
            store_f32(here + d, load_f32(x + d))
        return
    if kind == F16:
        for d in range(0, size, 16):
            store_f16(here + 2 * d, load_f32(x + 4 * d))
        return
    for group in range(size // 32):
        start = x + 128 * group
        scale = _largest(start) / np.float32(127.0)
        factor = splat_f32(np.float32(1.0) / scale if scale > 0 else np.float32(0.0))
        put_f16(here + size + 2 * group, scale)
        store_i8(here + 32 * group, round_to_i32(mul(load_f32(start), factor)))
        store_i8(here + 32 * group + 16, round_to_i32(mul(load_f32(start + 64), factor)))
