"""MXFP4: 32 weights share a power of two; each is a 4-bit float (sign, 2 exponent bits, 1 mantissa bit).

Layout of one 17-byte block::

    uint8 exponent | uint8 q[16]      byte i holds weight i (low half) and weight i + 16 (high half)
                                      weight[i] = 2 ** (exponent - 127) * FLOATS[q[i]]

E2M1 weights and an E8M0 scale, as in the OCP Microscaling Formats specification 1.0; ggml orders the halves.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_nibbles

# Twice the E2M1 values, so that they are whole; the scale is halved instead.
DOUBLED = np.array([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12], dtype=np.float32)
BLOCK = np.dtype([("exponent", "u1"), ("q", "u1", 16)])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 32]."""
    half_scale = np.ldexp(np.float32(1), blocks["exponent"].astype(np.int32) - 128)
    weights: Floats = DOUBLED[split_nibbles(blocks["q"])]
    weights *= half_scale.astype(np.float32)[:, None]
    return weights
