"""Which tokens may be drawn, and with which weight.

One pass over the logits finds the largest of each 64. Only chunks that can hold a candidate are looked at again, and
all that follows works on the candidates alone. Weights are integers, ``exp((logit - largest) / temperature)`` in steps
of 2^-40, and candidates stay in the order of their ids: sums are exact, so neither order nor tier changes a draw.
"""

from __future__ import annotations

import math

import numpy as np

from octavo.engine.kernels.sample_state import (
    BINS,
    IDS,
    KEYS,
    LOGITS,
    MASK,
    MAXIMA,
    MIN_P_DISTANCE,
    N_VOCABULARY,
    TEMPERATURE,
    TOP_K,
    TOP_P,
    TYPICAL_P,
    VALUES,
    WEIGHTS,
)
from octavo.engine.kernels.smallest import last_taken
from octavo.engine.simd.arithmetic import (
    max_lane,
    maximum,
    splat_f32,
    to_f32,
    where_equal,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.memory import (
    get_f32,
    get_f64,
    get_i32,
    get_i64,
    get_u8,
    load_f32,
    load_u8,
    put_f32,
    put_i32,
    put_i64,
)

CHUNK = 64
WEIGHT_BITS = 40
LIKELIEST = 1 << WEIGHT_BITS  # its weight
WEIGHTLESS = -29.0  # as many temperatures below the likeliest, a weight is 0
# 1 / n!
_T11, _T10, _T9, _T8, _T7, _T6, _T5, _T4, _T3 = (1 / math.factorial(n) for n in range(11, 2, -1))


@kernel
def _is_allowed(mask, token):
    return mask == 0 or get_u8(mask + token) != 0


@separate
def find_maxima(s, n_chunks):
    """Write the largest allowed logit of each chunk, -inf where there is none; whether all logits are numbers."""
    logits, mask, maxima = get_i64(s + LOGITS), get_i64(s + MASK), get_i64(s + MAXIMA)
    n_vocabulary = get_i64(s + N_VOCABULARY)
    lowest, one = splat_f32(np.float32(-np.inf)), splat_f32(np.float32(1.0))
    strange = zero_f32()
    n_whole = n_vocabulary // CHUNK
    for chunk in range(n_whole):
        largest = lowest
        for token in range(CHUNK * chunk, CHUNK * chunk + CHUNK, 16):
            x = load_f32(logits + 4 * token)
            strange = where_equal(x, x, strange, one)
            if mask != 0:
                x = where_greater(to_f32(load_u8(mask + token)), zero_f32(), x, lowest)
            largest = maximum(x, largest)
        put_f32(maxima + 4 * chunk, max_lane(largest))
    are_numbers = max_lane(strange) == 0
    if n_whole < n_chunks:
        rest = np.float32(-np.inf)
        for token in range(CHUNK * n_whole, n_vocabulary):
            value = get_f32(logits + 4 * token)
            are_numbers = are_numbers and not math.isnan(value)
            if value > rest and _is_allowed(mask, token):
                rest = value
        put_f32(maxima + 4 * n_whole, rest)
    return are_numbers


@separate
def keep_one(s, largest):
    """Leave the first token that has the largest logit; 1, the number of candidates."""
    logits, mask, maxima = get_i64(s + LOGITS), get_i64(s + MASK), get_i64(s + MAXIMA)
    chunk = 0
    while get_f32(maxima + 4 * chunk) != largest:
        chunk += 1
    token = CHUNK * chunk
    while get_f32(logits + 4 * token) != largest or not _is_allowed(mask, token):
        token += 1
    put_i32(get_i64(s + IDS), token)
    put_i64(get_i64(s + WEIGHTS), LIKELIEST)
    return 1


@kernel
def _lowest_wanted(s, largest, n_chunks):
    """A logit that all candidates reach: by min-p, and by top-k as k chunks hold one that is no smaller."""
    maxima, keys, top_k = get_i64(s + MAXIMA), get_i64(s + KEYS), get_i64(s + TOP_K)
    lowest = largest + max(get_f64(s + MIN_P_DISTANCE), WEIGHTLESS * get_f64(s + TEMPERATURE))
    if top_k == 0:
        return lowest
    n = np.int64(0)
    for chunk in range(n_chunks):
        value = get_f32(maxima + 4 * chunk)
        if value >= lowest:
            put_f32(keys + 4 * n, np.float32(0.0) - value)  # never -0
            n += 1
    if n <= top_k:
        return lowest
    last = last_taken(keys, n, top_k, np.int64(0), 0.0, get_i64(s + BINS))
    return -np.float64(get_f32(keys + 4 * last))


@kernel
def _collect(s, lowest, n_chunks):
    """Gather the allowed tokens that reach ``lowest``, by id; their number."""
    logits, mask, maxima = get_i64(s + LOGITS), get_i64(s + MASK), get_i64(s + MAXIMA)
    ids, values, n_vocabulary = get_i64(s + IDS), get_i64(s + VALUES), get_i64(s + N_VOCABULARY)
    n = np.int64(0)
    for chunk in range(n_chunks):
        if get_f32(maxima + 4 * chunk) < lowest:
            continue
        for token in range(CHUNK * chunk, min(CHUNK * chunk + CHUNK, n_vocabulary)):
            value = get_f32(logits + 4 * token)
            if value >= lowest and value > -np.inf and _is_allowed(mask, token):
                put_i32(ids + 4 * n, token)
                put_f32(values + 4 * n, value)
                n += 1
    return n


@kernel
def _weigh(s, n, largest):
    """Write the candidates' weights.

    For x = (logit - largest) / temperature, e^x = 2^k e^r with k an integer and |r| <= ln 2 / 2; e^r by its Taylor
    series, which errs less than the rounding to steps of 2^-40.
    """
    values, weights, temperature = get_i64(s + VALUES), get_i64(s + WEIGHTS), get_f64(s + TEMPERATURE)
    for i in range(n):
        x = max((get_f32(values + 4 * i) - np.float64(largest)) / temperature, WEIGHTLESS)
        k = np.int64(x * 1.4426950408889634 - 0.5)
        r = x - k * 0.6931471803691238 - k * 1.9082149292705877e-10
        p = ((((_T11 * r + _T10) * r + _T9) * r + _T8) * r + _T7) * r + _T6
        p = (((((p * r + _T5) * r + _T4) * r + _T3) * r + 0.5) * r + 1.0) * r + 1.0
        power = np.float64(np.int64(1) << (WEIGHT_BITS + 20 + k)) * 2.0**-20
        put_i64(weights + 8 * i, np.int64(p * power + 0.5))


@kernel
def _keep(s, n, last):
    """Keep the candidates that come no later than ``last`` by key, in the order of their ids; their number."""
    ids, values, weights, keys = (
        get_i64(s + IDS),
        get_i64(s + VALUES),
        get_i64(s + WEIGHTS),
        get_i64(s + KEYS),
    )
    worst = get_f32(keys + 4 * last)
    kept = np.int64(0)
    for i in range(n):
        key = get_f32(keys + 4 * i)
        if key < worst or (key == worst and i <= last):
            put_i32(ids + 4 * kept, get_i32(ids + 4 * i))
            put_f32(values + 4 * kept, get_f32(values + 4 * i))
            put_i64(weights + 8 * kept, get_i64(weights + 8 * i))
            kept += 1
    return kept


@kernel
def _order_by_logit(s, n):
    """Keys that put the likeliest candidate first."""
    values, keys = get_i64(s + VALUES), get_i64(s + KEYS)
    for i in range(n):
        put_f32(keys + 4 * i, np.float32(0.0) - get_f32(values + 4 * i))  # never -0


@kernel
def _order_by_typicality(s, n, largest):
    """Keys that put the most typical candidate first: |-ln p - entropy| (Meister et al., arXiv 2202.00666).

    As p = e^x / sum(e^x), the logarithm of the sum cancels: what is left is the distance of x from its mean.
    """
    values, weights, temperature = get_i64(s + VALUES), get_i64(s + WEIGHTS), get_f64(s + TEMPERATURE)
    keys = get_i64(s + KEYS)
    mean = 0.0
    for i in range(n):
        mean += (get_f32(values + 4 * i) - np.float64(largest)) / temperature * get_i64(weights + 8 * i)
    mean /= total_weight(s, n)
    for i in range(n):
        x = (get_f32(values + 4 * i) - np.float64(largest)) / temperature
        put_f32(keys + 4 * i, abs(x - mean))


@kernel
def total_weight(s, n):
    """Of all candidates."""
    weights = get_i64(s + WEIGHTS)
    total = np.int64(0)
    for i in range(n):
        total += get_i64(weights + 8 * i)
    return total


@kernel
def _keep_most(s, n, most, share):
    """Keep the first candidates by key: at most so many, or those that together have a share of all weight."""
    weights = get_i64(s + WEIGHTS) if share < 1 else np.int64(0)
    enough = share * total_weight(s, n) if share < 1 else 0.0
    return _keep(s, n, last_taken(get_i64(s + KEYS), n, most, weights, enough, get_i64(s + BINS)))


@separate
def keep_likely(s, largest, n_chunks):
    """Leave the candidates that all settings let through, with their weights; their number."""
    n = _collect(s, _lowest_wanted(s, largest, n_chunks), n_chunks)
    if 0 < get_i64(s + TOP_K) < n:
        _order_by_logit(s, n)
        n = _keep_most(s, n, get_i64(s + TOP_K), 1.0)
    _weigh(s, n, largest)
    if get_f64(s + TYPICAL_P) < 1:
        _order_by_typicality(s, n, largest)
        n = _keep_most(s, n, n, get_f64(s + TYPICAL_P))
    if get_f64(s + TOP_P) < 1:
        _order_by_logit(s, n)
        n = _keep_most(s, n, n, get_f64(s + TOP_P))
    return n
