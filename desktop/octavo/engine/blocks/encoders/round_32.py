"""Encode Q4_0, Q4_1, Q5_0 and Q5_1 without an importance matrix: the extreme weights decide the scale."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.lanes import INFINITY
from octavo.engine.blocks.encoders.pack_32 import pack
from octavo.engine.simd.arithmetic import (
    add,
    max_lane,
    maximum,
    minimum,
    mul,
    splat_f32,
    sub,
    truncate,
    zero_f32,
)
from octavo.engine.simd.jit import entry, kernel
from octavo.engine.simd.memory import get_f32, load_f32, put_f16


@kernel
def _extremes(x: int):
    """The lowest and the highest of 32 weights."""
    low, high = load_f32(x), load_f32(x + 64)
    zero = zero_f32()
    return -max_lane(maximum(sub(zero, low), sub(zero, high))), max_lane(maximum(low, high))


@kernel
def _first_of(x: int, magnitude: np.float32) -> np.float32:
    """The first of 32 weights that is ``magnitude`` far from 0, with its sign."""
    for i in range(32):
        value = get_f32(x + i * 4)
        if abs(value) == magnitude:
            return value
    return np.float32(0)


@kernel
def _steps(x, low: np.float32, scale: np.float32, half: np.float32, top: np.float32):
    """``(x - low) / scale + half`` without its fraction, 0 to ``top``; 0 where ``scale`` has no inverse."""
    inverse = np.float32(0)
    if scale != np.float32(0):
        inverse = np.float32(1) / scale
    if abs(inverse) == np.float32(INFINITY):
        return truncate(zero_f32())
    steps = add(mul(sub(x, splat_f32(low)), splat_f32(inverse)), splat_f32(half))
    return truncate(maximum(minimum(steps, splat_f32(top)), zero_f32()))


@entry
def encode_symmetric(source: int, target: int, first: int, last: int, n_bits: int) -> int:
    """Write blocks ``first`` to ``last`` of Q4_0 (``n_bits`` 4) or Q5_0 (5) from float32[..., 32]."""
    n_bytes = 18 if n_bits == 4 else 22
    n_max = np.float32(1 << (n_bits - 1))
    half, top, zero = n_max + np.float32(0.5), n_max + n_max - np.float32(1), np.float32(0)
    for block in range(first, last):
        x, out = source + block * 128, target + block * n_bytes
        lowest, highest = _extremes(x)
        farthest = highest
        if -lowest > highest:
            farthest = lowest
        elif -lowest == highest:
            # The first of two that are equally far; a block of zeros counts as +0.
            farthest = _first_of(x, highest) if highest > zero else zero
        scale = farthest / -n_max
        put_f16(out, scale)
        low = _steps(load_f32(x), zero, scale, half, top)
        pack(out + 2, low, _steps(load_f32(x + 64), zero, scale, half, top), n_bits)
    return 0


@entry
def encode_affine(source: int, target: int, first: int, last: int, n_bits: int) -> int:
    """Write blocks ``first`` to ``last`` of Q4_1 (``n_bits`` 4) or Q5_1 (5) from float32[..., 32]."""
    n_bytes = 20 if n_bits == 4 else 24
    half, top = np.float32(0.5), np.float32((1 << n_bits) - 1)
    for block in range(first, last):
        x, out = source + block * 128, target + block * n_bytes
        lowest, highest = _extremes(x)
        if lowest == np.float32(0):
            # Of zeros of both signs the first is the minimum.
            lowest = _first_of(x, np.float32(0))
        scale = (highest - lowest) / top if highest > lowest else np.float32(0)
        put_f16(out, scale)
        put_f16(out + 2, lowest)
        low = _steps(load_f32(x), lowest, scale, half, top)
        pack(out + 4, low, _steps(load_f32(x + 64), lowest, scale, half, top), n_bits)
    return 0
