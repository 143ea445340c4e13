"""The smallest of many keys, without sorting: which key is the last one taken, found 8 bits at a time."""

from __future__ import annotations

import numpy as np

from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.memory import get_i32, get_i64, put_i64

BINS_BYTES = 256 * 16  # a count and a weight for each value of 8 bits


@kernel
def _ordered(keys, i):
    """The bits of key ``i`` as a number of 32 bits that orders as the keys do; there is no -0 among them."""
    bits = np.int64(get_i32(keys + 4 * i))
    return ~bits & 0xFFFFFFFF if bits < 0 else bits | 0x80000000


@kernel
def _count(keys, n, weights, prefix, shift, bins):
    """For the keys that begin with ``prefix``: how many have each next 8 bits, and their weights."""
    for at in range(bins, bins + BINS_BYTES, 8):
        put_i64(at, 0)
    for i in range(n):
        bits = _ordered(keys, i)
        if bits >> (shift + 8) == prefix:
            at = bins + 16 * ((bits >> shift) & 255)
            put_i64(at, get_i64(at) + 1)
            if weights != 0:
                put_i64(at + 8, get_i64(at + 8) + get_i64(weights + 8 * i))


@separate
def last_taken(keys, n, most, weights, enough, bins):
    """The index of the last one taken, when ``most`` are taken or their weights are ``enough``, whichever is first.

    The smallest key is taken first, and the lower index of equal ones. keys float32[n] without NaN and -0,
    1 <= ``most`` <= ``n``, weights int64[n] or no address, bins to work in.
    """
    taken = np.int64(0)
    weight = np.int64(0)
    prefix = np.int64(0)
    for shift in range(24, -1, -8):
        _count(keys, n, weights, prefix, shift, bins)
        bin_ = bins
        while taken + get_i64(bin_) < most and (weights == 0 or weight + get_i64(bin_ + 8) < enough):
            taken += get_i64(bin_)
            weight += get_i64(bin_ + 8)
            bin_ += 16
        prefix = prefix * 256 + (bin_ - bins) // 16
    last = n
    for i in range(n):
        if _ordered(keys, i) == prefix:
            last = i
            taken += 1
            if weights != 0:
                weight += get_i64(weights + 8 * i)
            if taken == most or (weights != 0 and weight >= enough):
                break
    return last
