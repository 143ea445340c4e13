"""Encode Q8_0 (layout: ``blocks.q8_0``)."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.lanes import INFINITY
from octavo.engine.simd.arithmetic import (
    absolute,
    max_lane,
    maximum,
    mul,
    round_half_away,
    splat_f32,
    truncate,
)
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import load_f32, put_f16, store_i8


@entry
def encode(source: int, target: int, first: int, last: int) -> int:
    """Write blocks ``first`` to ``last`` of 34 bytes from float32[..., 32]."""
    for block in range(first, last):
        x, out = source + block * 128, target + block * 34
        low, high = load_f32(x), load_f32(x + 64)
        scale = max_lane(maximum(absolute(low), absolute(high))) / np.float32(127)
        inverse = np.float32(1) / scale
        if scale == np.float32(0) or inverse == np.float32(INFINITY):
            inverse = np.float32(0)
        put_f16(out, scale)
        store_i8(out + 2, truncate(round_half_away(mul(low, splat_f32(inverse)))))
        store_i8(out + 18, truncate(round_half_away(mul(high, splat_f32(inverse)))))
    return 0
