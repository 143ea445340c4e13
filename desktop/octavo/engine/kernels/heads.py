"""The operations of a layer's attention: heads made ready and cached, then attended."""

from __future__ import annotations

from octavo.engine.kernels.attention import (
    CHUNK,
    MANY_QUERIES,
    QUERIES,
    VALUES,
    call_attend,
    finish_head,
    key_block_bytes,
    value_bytes,
)
from octavo.engine.kernels.cache_store import norm_head, rotate, store_key, store_value
from octavo.engine.kernels.operations import arg, arg_f32, share
from octavo.engine.kernels.state import FIELDS, FIRST_POSITION, N_TOKENS, T_SCORES
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.memory import get_i64

MIN_SPLIT = 64  # positions below which cutting a head's attention costs more than it gives
MAX_SPLITS = 16
UNITS = 32  # pieces of all heads together: four each for eight threads


@separate
def heads(op, s, thread, n_threads):
    """Norm, turn and cache the heads of the run's tokens.

    q, k, v, stride, n_heads, n_kv_heads, key_size, value_size, table, table_stride, n_pairs, interleaved,
    q_norm, k_norm, epsilon, keys, values, capacity, kind of cache.
    """
    n_heads, n_kv, key_size, value_size = arg(op, 4), arg(op, 5), arg(op, 6), arg(op, 7)
    capacity, kind = arg(op, 17), arg(op, 18)
    key_bytes = key_block_bytes(key_size, kind) * (capacity // 16)
    per_token = n_heads + 2 * n_kv
    a, b = share(get_i64(s + N_TOKENS) * per_token, thread, n_threads)
    for unit in range(a, b):
        t = unit // per_token
        h = unit % per_token
        row = t * arg(op, 3)
        slot = (get_i64(s + FIRST_POSITION) + t) % capacity
        table = arg(op, 8) + t * arg(op, 9)
        if h < n_heads:
            x = arg(op, 0) + row + 4 * key_size * h
            if arg(op, 12) != 0:
                norm_head(x, arg(op, 12), key_size, arg_f32(op, 14))
            if arg(op, 10) > 0:
                rotate(x, table, arg(op, 10), arg(op, 11))
        elif h < n_heads + n_kv:
            head = h - n_heads
            x = arg(op, 1) + row + 4 * key_size * head
            if arg(op, 13) != 0:
                norm_head(x, arg(op, 13), key_size, arg_f32(op, 14))
            if arg(op, 10) > 0:
                rotate(x, table, arg(op, 10), arg(op, 11))
            store_key(x, key_size, arg(op, 15) + head * key_bytes, slot, kind)
        else:
            head = h - n_heads - n_kv
            x = arg(op, 2) + row + 4 * value_size * head
            place = arg(op, 16) + head * capacity * value_bytes(value_size, kind)
            store_value(x, value_size, place, slot, kind)
    return 0


@kernel
def n_splits(n_positions, n_units):
    """Into how many pieces each head's positions are cut, so that several threads get equal shares.

    It does not depend on the number of threads, so that any number gives the same sums and the same text.
    """
    wanted = max(1, UNITS // n_units)
    return min(MAX_SPLITS, wanted, max(1, n_positions // MIN_SPLIT))


@separate
def attend_heads(op, s, own, thread, n_threads):
    """Attend from all heads of the run's tokens.

    q, stride, n_heads, n_kv_heads, key_size, value_size, keys, values, capacity, kind of cache, window, scale, cap,
    out, out_stride, parts, entry.
    """
    if get_i64(s + N_TOKENS) == 1:
        _attend_one(op, s, own, thread, n_threads)
    else:
        _attend_many(op, s, own, thread, n_threads)
    return 0


@kernel
def _part_bytes(value_size):
    return VALUES + 4 * value_size


@kernel
def _splits_of(op, s):
    position = get_i64(s + FIRST_POSITION)
    window = arg(op, 10)
    first = max(0, position + 1 - window) if window > 0 else 0
    group = arg(op, 2) // arg(op, 3)
    n_units = arg(op, 3) * ((group + QUERIES - 1) // QUERIES)
    return first, n_splits(position + 1 - first, n_units)


@kernel
def _attend_one(op, s, own, thread, n_threads):
    """One token: a unit is up to 4 heads of one key head, and a piece of the positions."""
    n_heads, n_kv, key_size, value_size = arg(op, 2), arg(op, 3), arg(op, 4), arg(op, 5)
    capacity, kind = arg(op, 8), arg(op, 9)
    key_bytes = key_block_bytes(key_size, kind) * (capacity // 16)
    value_area = capacity * value_bytes(value_size, kind)
    group = n_heads // n_kv
    tiles = (group + QUERIES - 1) // QUERIES
    position = get_i64(s + FIRST_POSITION)
    first, splits = _splits_of(op, s)
    n = position + 1 - first
    part = _part_bytes(value_size)
    a, b = share(n_kv * tiles * splits, thread, n_threads)
    for unit in range(a, b):
        kv = unit // (tiles * splits)
        tile = unit // splits % tiles
        piece = unit % splits
        # Pieces begin at whole key blocks, so that none is scored twice.
        low = max(first, (first + n * piece // splits) // 16 * 16)
        high = position if piece == splits - 1 else (first + n * (piece + 1) // splits) // 16 * 16 - 1
        head = kv * group + tile * QUERIES
        q = arg(op, 0) + 4 * key_size * head
        call_attend(
            arg(op, 16), min(QUERIES, group - tile * QUERIES), q, 4 * key_size, key_size, value_size,
            arg(op, 6) + kv * key_bytes, arg(op, 7) + kv * value_area, capacity,
            low, high, low, 0, high, 0, op + FIELDS + 88,
            arg(op, 15) + (head * MAX_SPLITS + piece) * part, MAX_SPLITS * part, get_i64(own + T_SCORES),
        )  # fmt: skip


@separate
def join_heads(op, s, out):
    """Join the pieces of a single token's heads: float32[n_heads * value_size] at ``out``."""
    value_size = arg(op, 5)
    part = _part_bytes(value_size)
    _, splits = _splits_of(op, s)
    for head in range(arg(op, 2)):
        finish_head(
            arg(op, 15) + head * MAX_SPLITS * part, splits, part, value_size, out + 4 * value_size * head
        )
    return 0


@kernel
def _attend_many(op, s, own, thread, n_threads):
    """Many tokens: a unit is up to 8 following tokens of one head; the threads take them in turn."""
    n_heads, n_kv, key_size, value_size = arg(op, 2), arg(op, 3), arg(op, 4), arg(op, 5)
    capacity, kind, window = arg(op, 8), arg(op, 9), arg(op, 10)
    key_bytes = key_block_bytes(key_size, kind) * (capacity // 16)
    value_area = capacity * value_bytes(value_size, kind)
    n_tokens = get_i64(s + N_TOKENS)
    start = get_i64(s + FIRST_POSITION)
    tiles = (n_tokens + MANY_QUERIES - 1) // MANY_QUERIES
    results = get_i64(own + T_SCORES) + 4 * MANY_QUERIES * CHUNK
    part = _part_bytes(value_size)
    for unit in range(thread, n_heads * tiles, n_threads):
        head = unit // tiles
        end = min(n_tokens, (unit % tiles + 1) * MANY_QUERIES)
        t = unit % tiles * MANY_QUERIES
        kv = head // (n_heads // n_kv)
        while t < end:
            n = end - t if end - t == MANY_QUERIES else min(QUERIES, end - t)
            position = start + t
            low = position + 1 - window if window > 0 else 0
            call_attend(
                arg(op, 16), n, arg(op, 0) + t * arg(op, 1) + 4 * key_size * head, arg(op, 1), key_size, value_size,
                arg(op, 6) + kv * key_bytes, arg(op, 7) + kv * value_area, capacity,
                max(0, low), position + n - 1, low, 1 if window > 0 else 0, position, 1,
                op + FIELDS + 88, results, part, get_i64(own + T_SCORES),
            )  # fmt: skip
            for i in range(n):
                out = arg(op, 13) + (t + i) * arg(op, 14) + 4 * value_size * head
                finish_head(results + i * part, 1, part, value_size, out)
            t += n
