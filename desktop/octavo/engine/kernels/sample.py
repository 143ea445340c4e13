"""The next token from a row of logits, in one call: penalties, candidates, a draw.

A draw hashes the seed and the number of draws before it (Steele, Lea and Flood's SplitMix64, OOPSLA 2014), so the same
seed draws the same numbers everywhere.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.candidates import CHUNK, find_maxima, keep_likely, keep_one, total_weight
from octavo.engine.kernels.sample_state import (
    BIAS_IDS,
    BIAS_VALUES,
    COUNTS,
    DRAWS,
    FREQUENCY_PENALTY,
    IDS,
    LOGITS,
    MAXIMA,
    N_BIAS,
    N_CANDIDATES,
    N_RECENT,
    N_VOCABULARY,
    PRESENCE_PENALTY,
    RECENT,
    REPEAT_PENALTY,
    SEED,
    TEMPERATURE,
    UNDO_IDS,
    UNDO_VALUES,
    WEIGHTS,
)
from octavo.engine.simd.jit import entry, kernel, separate
from octavo.engine.simd.memory import get_f32, get_f64, get_i32, get_i64, put_f32, put_i32, put_i64

# What ``sample`` returns instead of a token.
NOT_NUMBERS, NONE_ALLOWED, UNKNOWN_HISTORY = -1, -2, -3


@kernel
def _change(s, n, token, value):
    """Give a token another logit and note the old one as change ``n``; the number of changes."""
    at = get_i64(s + LOGITS) + 4 * token
    put_i64(get_i64(s + UNDO_IDS) + 8 * n, token)
    put_f32(get_i64(s + UNDO_VALUES) + 4 * n, get_f32(at))
    put_f32(at, value)
    return n + 1


@separate
def _adjust(s):
    """Add the biases, then take the penalties off the recent tokens; the number of changes.

    Repetition: Keskar et al., arXiv 1909.05858; presence and frequency as OpenAI's interface defines them.
    """
    logits = get_i64(s + LOGITS)
    n = 0
    for i in range(get_i64(s + N_BIAS)):
        token = get_i64(get_i64(s + BIAS_IDS) + 8 * i)
        n = _change(s, n, token, get_f32(logits + 4 * token) + get_f64(get_i64(s + BIAS_VALUES) + 8 * i))
    recent, counts, n_recent = get_i64(s + RECENT), get_i64(s + COUNTS), get_i64(s + N_RECENT)
    for i in range(n_recent):
        place = counts + 4 * get_i64(recent + 8 * i)
        put_i32(place, get_i32(place) + 1)
    repeat = get_f64(s + REPEAT_PENALTY)
    for i in range(n_recent):
        token = get_i64(recent + 8 * i)
        count = get_i32(counts + 4 * token)
        if count > 0:
            put_i32(counts + 4 * token, 0)
            value = np.float64(get_f32(logits + 4 * token))
            value = value / repeat if value > 0 else value * repeat
            value -= count * get_f64(s + FREQUENCY_PENALTY) + get_f64(s + PRESENCE_PENALTY)
            n = _change(s, n, token, value)
    return n


@kernel
def _restore(s, n):
    """Undo ``n`` changes, the last one first."""
    for i in range(n - 1, -1, -1):
        token = get_i64(get_i64(s + UNDO_IDS) + 8 * i)
        put_f32(get_i64(s + LOGITS) + 4 * token, get_f32(get_i64(s + UNDO_VALUES) + 4 * i))


@kernel
def _mixed(bits):
    """SplitMix64's function: every bit of the result depends on all of the 64."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@kernel
def _uniform(seed, n):
    """Number ``n`` of a seed's random numbers: 0 to under 1, in steps of 2^-53."""
    step = np.uint64(n + 1) * np.uint64(0x9E3779B97F4A7C15)
    return np.float64(_mixed(_mixed(np.uint64(seed)) + step) >> np.uint64(11)) * 2.0**-53


@kernel
def _draw(s, n):
    """One of ``n`` candidates, by weight."""
    draws = get_i64(s + DRAWS)
    put_i64(s + DRAWS, draws + 1)
    total = total_weight(s, n)
    target = min(np.int64(_uniform(get_i64(s + SEED), draws) * total), total - 1)  # the product may round up
    weights = get_i64(s + WEIGHTS)
    at = 0
    while target >= get_i64(weights + 8 * at):
        target -= get_i64(weights + 8 * at)
        at += 1
    return get_i32(get_i64(s + IDS) + 4 * at)


@separate
def _choose(s):
    n_chunks = (get_i64(s + N_VOCABULARY) + CHUNK - 1) // CHUNK
    if not find_maxima(s, n_chunks):
        return NOT_NUMBERS
    largest = np.float32(-np.inf)
    for chunk in range(n_chunks):
        largest = max(largest, get_f32(get_i64(s + MAXIMA) + 4 * chunk))
    if largest == np.inf:
        return NOT_NUMBERS
    if largest == -np.inf:
        return NONE_ALLOWED
    n = keep_one(s, largest) if get_f64(s + TEMPERATURE) == 0 else keep_likely(s, largest, n_chunks)
    put_i64(s + N_CANDIDATES, n)
    return np.int64(_draw(s, n))


@entry
def sample(s):
    """Choose a token; its id or one of the codes below 0. The logits are left as they were."""
    for i in range(get_i64(s + N_RECENT)):
        if not 0 <= get_i64(get_i64(s + RECENT) + 8 * i) < get_i64(s + N_VOCABULARY):
            return UNKNOWN_HISTORY
    n = _adjust(s)
    token = _choose(s)
    _restore(s, n)
    return token
