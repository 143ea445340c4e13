"""Activations made ready for quantized weights: normed, and cut into records of 32 with one scale each."""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.record import RECORD, X_SCALE, X_SCALED_SUM, X_SUM, X_SUM_HIGH, X_SUM_LOW
from octavo.engine.simd.arithmetic import (
    absolute,
    add,
    add_i32,
    fma,
    max_lane,
    maximum,
    mul,
    round_to_i32,
    splat_f32,
    splat_i32,
    sum_lanes,
    sum_lanes_i32,
    zero_f32,
)
from octavo.engine.simd.jit import kernel
from octavo.engine.simd.memory import half, load_f32, put_f32, put_i32, store_f32, store_i8


@kernel
def _write_record(low, high, inverse, scale, record, offset):
    """Round 32 float32 to int8 by ``inverse``, and write scale and sums behind them."""
    factor = splat_f32(inverse)
    q_low = round_to_i32(mul(low, factor))
    q_high = round_to_i32(mul(high, factor))
    store_i8(record, add_i32(q_low, splat_i32(offset)))
    store_i8(record + 16, add_i32(q_high, splat_i32(offset)))
    sum_low = sum_lanes_i32(q_low)
    sum_high = sum_lanes_i32(q_high)
    put_f32(record + X_SCALE, scale)
    put_i32(record + X_SUM, -(sum_low + sum_high))
    put_f32(record + X_SCALED_SUM, scale * np.float32(sum_low + sum_high))
    put_i32(record + X_SUM_LOW, -sum_low)
    put_i32(record + X_SUM_HIGH, -sum_high)


@kernel
def pack_row(x, n, records, offset):
    """Pack float32[n] into records with a scale each, kept in half precision as Q8_0 keeps it.

    ``n`` is a multiple of 32; ``offset`` is added to the bytes (128 for prefill). Other programs round the scale so
    too; then results agree with theirs.
    """
    for b in range(n // 32):
        low = load_f32(x + 128 * b)
        high = load_f32(x + 128 * b + 64)
        largest = max_lane(maximum(absolute(low), absolute(high)))
        inverse = np.float32(127.0) / largest if largest > 0 else np.float32(0.0)
        _write_record(
            low, high, inverse, half(largest / np.float32(127.0)), records + RECORD * b, np.int32(offset)
        )


@kernel
def inverse_rms(x, n, epsilon):
    """1 / sqrt(mean(x^2) + epsilon) of float32[n]; ``n`` is a multiple of 16."""
    a = zero_f32()
    b = zero_f32()
    i = 0
    while i + 32 <= n:
        v = load_f32(x + 4 * i)
        w = load_f32(x + 4 * i + 64)
        a = fma(v, v, a)
        b = fma(w, w, b)
        i += 32
    if i < n:
        v = load_f32(x + 4 * i)
        a = fma(v, v, a)
    mean = sum_lanes(add(a, b)) / np.float32(n)
    return np.float32(1.0) / np.float32(np.sqrt(mean + epsilon))


@kernel
def norm_row(x, weight, n, epsilon, out):
    """Root-mean-square norm of float32[n] times ``weight`` (Zhang and Sennrich, arXiv 1910.07467)."""
    factor = splat_f32(inverse_rms(x, n, epsilon))
    for i in range(0, 4 * n, 64):
        store_f32(out + i, mul(mul(load_f32(x + i), factor), load_f32(weight + i)))
