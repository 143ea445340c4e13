"""Encode MXFP4 (layout: ``blocks.mxfp4``): the farthest weight decides the power of two."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.encoders.pack_32 import pack
from octavo.engine.blocks.mxfp4 import DOUBLED
from octavo.engine.simd.arithmetic import absolute, as_i32, max_lane, maximum, splat_f32, splat_i32
from octavo.engine.simd.half import half_power
from octavo.engine.simd.jit import entry, kernel
from octavo.engine.simd.lowering import call, constant, i32, operation, v16f32, v16i32
from octavo.engine.simd.memory import load_f32, put_i8

_LOG2_E = 1.4426950408889634


@operation("I:FF")
def _nearest(b, x, scale):
    """The first of the 16 floats whose product with ``scale`` is nearest."""
    best, found = None, constant(v16i32, 0)
    for index, value in enumerate(DOUBLED.tolist()):
        difference = b.fsub(b.fmul(constant(v16f32, value), scale), x)
        error = call(b, "llvm.fabs.v16f32", v16f32, [difference])
        if best is None:
            best = error
            continue
        is_nearer = b.fcmp_ordered("<", error, best)
        best = b.select(is_nearer, error, best)
        found = b.select(is_nearer, constant(v16i32, index), found)
    return found


@operation("i:I")
def _first(b, x):
    """The first lane."""
    return b.extract_element(x, i32(0))


@kernel
def _floor_of_log2(x: np.float32) -> int:
    """What C makes of ``floorf(log2f(x))``: of numbers just under a power of two, the logarithm is rounded up."""
    exponent = 0
    if x < np.float32(2.0**-100):
        x *= np.float32(2.0**64)
        exponent = -64
    bits = _first(as_i32(splat_f32(x)))
    exponent += (bits >> 23) - 127
    above = exponent + 1
    # Half the distance between the float32 ``above`` and the one before it, in units of 2^-24.
    half_step = np.float64(1)
    while half_step * 2 <= abs(above):
        half_step *= 2
    if above > 0 and half_step == above:
        half_step /= 2
    missing = np.float64(0x800000 - (bits & 0x7FFFFF)) * _LOG2_E
    return above if above != 0 and missing < half_step else exponent


@entry
def encode(source: int, target: int, first: int, last: int) -> int:
    """Write blocks ``first`` to ``last`` of 17 bytes from float32[..., 32]."""
    for block in range(first, last):
        x, out = source + block * 128, target + block * 17
        low, high = load_f32(x), load_f32(x + 64)
        farthest = max_lane(maximum(absolute(low), absolute(high)))
        # Of magnitudes too small for an exponent, ggml keeps the lowest byte of a negative one.
        exponent = (_floor_of_log2(farthest) + 125) & 255 if farthest > np.float32(0) else 0
        scale = half_power(splat_i32(np.int32(exponent)))
        put_i8(out, exponent)
        pack(out + 1, _nearest(low, scale), _nearest(high, scale), 4)
    return 0
