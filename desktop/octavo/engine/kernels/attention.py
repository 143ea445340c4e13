"""Attention of a few queries to a range of cached positions, with online softmax.

One pass over the positions in chunks (Milakov and Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135): each
query keeps its largest score, the sum of its weights and its weighted values, and rescales them when the largest
grows. The cache of a layer is a ring of whole key blocks: position p lies in slot p modulo its size.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.attention_tile import F16, F32, MAX_QUERIES, Q8_0, STRIP, score_tile, value_tile
from octavo.engine.simd.arithmetic import (
    add,
    lane_numbers,
    max_lane,
    maximum,
    mul,
    splat_f32,
    sub,
    sum_lanes,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.functions import exp, tanh
from octavo.engine.simd.jit import entry, kernel, variant
from octavo.engine.simd.lowering import emit_call, operation
from octavo.engine.simd.memory import get_f32, load_f32, put_f32, store_f32
from octavo.engine.simd.tier import active_tier

CHUNK = 128  # positions whose scores are kept at once
NEVER = np.float32(-1e30)

# A result of ``attend``: largest score, sum of weights, then the values from byte 64 on.
LARGEST, WEIGHT_SUM, VALUES = 0, 4, 64


@kernel
def key_block_bytes(size, kind):
    """Bytes of one head's 16 keys."""
    if kind == Q8_0:
        return 17 * size
    return 32 * size if kind == F16 else 64 * size


@kernel
def value_bytes(size, kind):
    """Bytes of one head's value at one position."""
    if kind == Q8_0:
        return size + size // 16
    return 2 * size if kind == F16 else 4 * size


def _tiles(kind):
    """The products of 1 to 4 or 8 queries with one kind of cache."""
    score_1, score_2, score_3, score_4, score_8 = (score_tile(n, kind) for n in (1, 2, 3, 4, 8))
    value_1, value_2, value_3, value_4, value_8 = (value_tile(n, kind) for n in (1, 2, 3, 4, 8))

    @variant(kind)
    def scores(n, q, q_stride, keys, size, out, out_stride):
        if n == 1:
            score_1(q, q_stride, keys, size, out, out_stride)
        elif n == 2:
            score_2(q, q_stride, keys, size, out, out_stride)
        elif n == 3:
            score_3(q, q_stride, keys, size, out, out_stride)
        elif n == 4:
            score_4(q, q_stride, keys, size, out, out_stride)
        else:
            score_8(q, q_stride, keys, size, out, out_stride)

    @variant(kind)
    def values(n, p, p_stride, start, step, scales, n_positions, out, out_stride):
        if n == 1:
            value_1(p, p_stride, start, step, scales, n_positions, out, out_stride)
        elif n == 2:
            value_2(p, p_stride, start, step, scales, n_positions, out, out_stride)
        elif n == 3:
            value_3(p, p_stride, start, step, scales, n_positions, out, out_stride)
        elif n == 4:
            value_4(p, p_stride, start, step, scales, n_positions, out, out_stride)
        else:
            value_8(p, p_stride, start, step, scales, n_positions, out, out_stride)

    return scores, values


@kernel
def _softmax_step(scores, n_vectors, first, low, high, scale, cap, result, value_size):
    """Scores of one query and one chunk to weights; ``low`` to ``high`` are the positions it may see."""
    largest_before = get_f32(result + LARGEST)
    largest = splat_f32(largest_before)
    factor = splat_f32(scale)
    lanes = lane_numbers()
    for i in range(n_vectors):
        s = mul(load_f32(scores + 64 * i), factor)
        if cap > 0:
            s = mul(tanh(mul(s, splat_f32(np.float32(1.0) / cap))), splat_f32(cap))
        start = first + 16 * i
        if start < low or start + 15 > high:
            position = add(lanes, splat_f32(np.float32(start - low)))
            s = where_greater(zero_f32(), position, splat_f32(NEVER), s)
            s = where_greater(position, splat_f32(np.float32(high - low)), splat_f32(NEVER), s)
        store_f32(scores + 64 * i, s)
        largest = maximum(s, largest)
    now = max_lane(largest)
    top = splat_f32(now)
    total = zero_f32()
    for i in range(n_vectors):
        s = load_f32(scores + 64 * i)
        w = where_greater(s, splat_f32(np.float32(-0.5e30)), exp(sub(s, top)), zero_f32())
        store_f32(scores + 64 * i, w)
        total = add(total, w)
    if now > largest_before:
        shrink = np.float32(0.0)
        if largest_before > np.float32(-0.5e30):
            shrink = np.float32(np.exp(largest_before - now))
        put_f32(result + LARGEST, now)
        put_f32(result + WEIGHT_SUM, get_f32(result + WEIGHT_SUM) * shrink + sum_lanes(total))
        for d in range(0, 4 * value_size, 64):
            at = result + VALUES + d
            store_f32(at, mul(load_f32(at), splat_f32(shrink)))
    else:
        put_f32(result + WEIGHT_SUM, get_f32(result + WEIGHT_SUM) + sum_lanes(total))


def _attend(kind):
    scores_of, add_values = _tiles(kind)

    @variant(kind)
    def run(
        n_queries, q, q_stride, key_size, value_size, keys, values, capacity, first_key, last_key,
        low, low_step, high, high_step, scale_and_cap, results, result_stride, scores,
    ):  # fmt: skip
        scale = get_f32(scale_and_cap)
        cap = get_f32(scale_and_cap + 8)
        block_bytes = key_block_bytes(key_size, kind)
        step = value_bytes(value_size, kind)
        for t in range(n_queries):
            result = results + t * result_stride
            put_f32(result + LARGEST, NEVER)
            put_f32(result + WEIGHT_SUM, np.float32(0.0))
            for d in range(0, 4 * value_size, 64):
                store_f32(result + VALUES + d, zero_f32())
        position = first_key // 16 * 16
        while position <= last_key:
            # A chunk ends at the end of the ring, so that its slots follow one another.
            slot = position % capacity
            n = min(CHUNK, capacity - slot, last_key + 1 - position)
            n_vectors = (n + 15) // 16
            for i in range(n_vectors):
                block = keys + (slot // 16 + i) * block_bytes
                scores_of(n_queries, q, q_stride, block, key_size, scores + 64 * i, 4 * CHUNK)
            for t in range(n_queries):
                _softmax_step(
                    scores + 4 * CHUNK * t, n_vectors, position, low + t * low_step, high + t * high_step,
                    scale, cap, results + t * result_stride, value_size,
                )  # fmt: skip
            here = values + slot * step
            for d in range(0, value_size, STRIP):
                at = here + d * step // value_size if kind != Q8_0 else here + d
                scale_at = here + value_size + d // 16
                to = results + VALUES + 4 * d
                add_values(n_queries, scores, 4 * CHUNK, at, step, scale_at, n, to, result_stride)
            position += n
        return 0

    return run


_f16, _q8_0, _f32 = _attend(F16), _attend(Q8_0), _attend(F32)


@kernel
def finish_head(results, n_parts, part_stride, value_size, out):
    """Join the parts of one head and divide by the sum of weights: float32[value_size] at ``out``."""
    largest = NEVER
    for s in range(n_parts):
        here = get_f32(results + s * part_stride + LARGEST)
        largest = here if here > largest else largest
    total = np.float32(0.0)
    for s in range(n_parts):
        part = results + s * part_stride
        total += get_f32(part + WEIGHT_SUM) * np.float32(np.exp(get_f32(part + LARGEST) - largest))
    for d in range(0, 4 * value_size, 64):
        v = zero_f32()
        for s in range(n_parts):
            part = results + s * part_stride
            factor = np.float32(np.exp(get_f32(part + LARGEST) - largest)) / total
            v = add(v, mul(load_f32(part + VALUES + d), splat_f32(factor)))
        store_f32(out + d, v)


@entry
def attend_f16(
    n_queries, q, q_stride, key_size, value_size, keys, values, capacity, first_key, last_key,
    low, low_step, high, high_step, scale_and_cap, results, result_stride, scores,
):  # fmt: skip
    """Attend from ``n_queries`` (1 to 4, or 8) queries to positions ``first_key`` to ``last_key``, both included.

    Parameters
    ----------
    q, q_stride : address, bytes
        float32[key_size] each.
    keys, values : address
        One head's cache, ``capacity`` positions.
    low, low_step, high, high_step : int
        Query t sees positions ``low + t low_step`` to ``high + t high_step``.
    scale_and_cap : address
        float32 at 0: what scores are multiplied by; float32 at 8: their soft cap, or 0.
    results, result_stride : address, bytes
        Largest score, sum of weights and unscaled values of each query.
    scores : address
        Room for float32[n_queries][CHUNK].
    """
    return _f16(
        n_queries, q, q_stride, key_size, value_size, keys, values, capacity, first_key, last_key,
        low, low_step, high, high_step, scale_and_cap, results, result_stride, scores,
    )  # fmt: skip


@entry
def attend_q8_0(
    n_queries, q, q_stride, key_size, value_size, keys, values, capacity, first_key, last_key,
    low, low_step, high, high_step, scale_and_cap, results, result_stride, scores,
):  # fmt: skip
    """The same for a cache in q8_0."""
    return _q8_0(
        n_queries, q, q_stride, key_size, value_size, keys, values, capacity, first_key, last_key,
        low, low_step, high, high_step, scale_and_cap, results, result_stride, scores,
    )  # fmt: skip


@entry
def attend_f32(
    n_queries, q, q_stride, key_size, value_size, keys, values, capacity, first_key, last_key,
    low, low_step, high, high_step, scale_and_cap, results, result_stride, scores,
):  # fmt: skip
    """The same for a cache in float32."""
    return _f32(
        n_queries, q, q_stride, key_size, value_size, keys, values, capacity, first_key, last_key,
        low, low_step, high, high_step, scale_and_cap, results, result_stride, scores,
    )  # fmt: skip


ATTEND_ENTRIES = {F16: attend_f16, Q8_0: attend_q8_0, F32: attend_f32}


@operation("l:plplllppllllllllplp")
def call_attend(b, function, *arguments):
    """Call one of the entries above by its address."""
    return emit_call(b, function, *arguments)


QUERIES = MAX_QUERIES
# Of prefill: as many as the tier's registers hold.
MANY_QUERIES = 8 if active_tier().vector_bytes == 64 else MAX_QUERIES
