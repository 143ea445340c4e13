"""Q4_K: 256 weights in 8 groups; each group has a 6-bit scale and a 6-bit minimum, each weight 4 bits.

Layout of one 144-byte block::

    f16 scale | f16 minimum | uint8 groups[12] | uint8 q[128]

    groups       see ``k_scales``
    q[32 p + i]  holds weights 64 p + i (low half) and 64 p + 32 + i (high half)

    weight = scale * group_scale * q - minimum * group_minimum
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks import k_scales
from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_bits

BLOCK = np.dtype([("scale", "<f2"), ("minimum", "<f2"), ("groups", "u1", 12), ("q", "u1", 128)])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 256]."""
    scales, minima = k_scales.unpack(blocks["groups"])
    scale = blocks["scale"].astype(np.float32)[:, None] * scales.astype(np.float32)
    minimum = blocks["minimum"].astype(np.float32)[:, None] * minima.astype(np.float32)
    q = split_bits(blocks["q"].reshape(-1, 4, 32), 4).reshape(-1, 8, 32).astype(np.float32)
    q *= scale[:, :, None]
    q -= minimum[:, :, None]
    return q.reshape(-1, 256)
