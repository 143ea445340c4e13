"""Q5_K: as Q4_K, with a fifth bit for each weight.

Layout of one 176-byte block::

    f16 scale | f16 minimum | uint8 groups[12] | uint8 high[32] | uint8 q[128]

    groups       see ``k_scales``
    high[i]      bit k is the fifth bit of weight 32 k + i
    q[32 p + i]  holds the low 4 bits of weights 64 p + i (low half) and 64 p + 32 + i (high half)

    weight = scale * group_scale * q - minimum * group_minimum
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks import k_scales
from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_bits

BLOCK = np.dtype(
    [("scale", "<f2"), ("minimum", "<f2"), ("groups", "u1", 12), ("high", "u1", 32), ("q", "u1", 128)]
)


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 256]."""
    scales, minima = k_scales.unpack(blocks["groups"])
    scale = blocks["scale"].astype(np.float32)[:, None] * scales.astype(np.float32)
    minimum = blocks["minimum"].astype(np.float32)[:, None] * minima.astype(np.float32)
    low = split_bits(blocks["q"].reshape(-1, 4, 32), 4).reshape(-1, 8, 32)
    q = (low | (split_bits(blocks["high"], 1) << 4)).astype(np.float32)
    q *= scale[:, :, None]
    q -= minimum[:, :, None]
    return q.reshape(-1, 256)
