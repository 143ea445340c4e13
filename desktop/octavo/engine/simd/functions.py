"""Transcendental functions on vectors of 16."""

from __future__ import annotations

import numpy as np

from octavo.engine.simd.arithmetic import (
    absolute,
    add,
    as_f32,
    div,
    fma,
    maximum,
    minimum,
    mul,
    rint,
    shift_left,
    splat_f32,
    splat_i32,
    sub,
    truncate,
    where_greater,
    zero_f32,
)
from octavo.engine.simd.arithmetic import add_i32 as _add_i32
from octavo.engine.simd.jit import kernel


@kernel
def exp(x):
    """E to the x, within 2 units in the last place (Cephes ``expf``); 0 below -87.

    x = n ln 2 + r with n an integer and |r| <= ln 2 / 2; a polynomial gives e^r, and n goes into the exponent.
    """
    # In this order NaN stays NaN.
    clipped = maximum(splat_f32(np.float32(-87.3)), minimum(splat_f32(np.float32(88.0)), x))
    n = rint(mul(clipped, splat_f32(np.float32(1.4426950408889634))))
    r = fma(n, splat_f32(np.float32(-0.693145751953125)), clipped)
    r = fma(n, splat_f32(np.float32(-1.428606820309417e-06)), r)
    p = splat_f32(np.float32(1.9875691500e-4))
    p = fma(p, r, splat_f32(np.float32(1.3981999507e-3)))
    p = fma(p, r, splat_f32(np.float32(8.3334519073e-3)))
    p = fma(p, r, splat_f32(np.float32(4.1665795894e-2)))
    p = fma(p, r, splat_f32(np.float32(1.6666665459e-1)))
    p = fma(p, r, splat_f32(np.float32(5.0000001201e-1)))
    p = add(fma(p, mul(r, r), r), splat_f32(np.float32(1.0)))
    power = as_f32(shift_left(_add_i32(truncate(n), splat_i32(127)), 23))
    return where_greater(splat_f32(np.float32(-87.3)), x, zero_f32(), mul(p, power))


@kernel
def silu(x):
    """X times the logistic function of x."""
    return div(x, add(splat_f32(np.float32(1.0)), exp(sub(zero_f32(), x))))


@kernel
def tanh(x):
    """Hyperbolic tangent: 1 - 2 / (e^(2|x|) + 1), with the sign of x; absolute error under 2e-7."""
    e = exp(mul(absolute(x), splat_f32(np.float32(2.0))))
    one = splat_f32(np.float32(1.0))
    t = sub(one, div(splat_f32(np.float32(2.0)), add(e, one)))
    return where_greater(zero_f32(), x, sub(zero_f32(), t), t)


@kernel
def gelu_tanh(x):
    """Gaussian error linear unit in its tanh form (Hendrycks and Gimpel, arXiv 1606.08415)."""
    cube = mul(mul(x, x), x)
    inner = mul(splat_f32(np.float32(0.7978845608028654)), fma(splat_f32(np.float32(0.044715)), cube, x))
    return mul(mul(splat_f32(np.float32(0.5)), x), add(splat_f32(np.float32(1.0)), tanh(inner)))
