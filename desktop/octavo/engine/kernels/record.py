"""The record of 32 packed activations, which quantized weights are multiplied by.

``int8 q[32] | f32 scale | i32 -sum(q) | f32 scale * sum(q) | i32 -sum(q[:16]) | i32 -sum(q[16:])``, then padding.
"""

from __future__ import annotations

X_SCALE, X_SUM, X_SCALED_SUM, X_SUM_LOW, X_SUM_HIGH = 32, 36, 40, 44, 48
RECORD = 64
