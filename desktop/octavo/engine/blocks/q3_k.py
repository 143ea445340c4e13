"""Q3_K: 256 weights in 16 groups; each group has a 6-bit scale centred on 32, each weight 3 bits.

Layout of one 110-byte block::

    uint8 high[32] | uint8 q[64] | uint8 scales[12] | f16 scale

    q[32 h + i] holds the low 2 bits of weights 128 h + i, + 32, + 64 and + 96, the first in the lowest bits
    high[i]     bit k is the third bit of weight 32 k + i; where it is 0, the weight is 4 lower
    scales      byte b < 8: low 4 bits of groups b (low half) and b + 8 (high half);
                byte 8 + b: high 2 bits of groups b, b + 4, b + 8 and b + 12, the first in the lowest bits

    weight = scale * (group_scale - 32) * (q - 4 * (1 - high))
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_bits, split_nibbles

BLOCK = np.dtype([("high", "u1", 32), ("q", "u1", 64), ("scales", "u1", 12), ("scale", "<f2")])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 256]."""
    packed = blocks["scales"]
    groups = split_nibbles(packed[:, :8]) | (split_bits(packed[:, 8:], 2).reshape(-1, 16) << 4)
    scale = blocks["scale"].astype(np.float32)[:, None] * (groups.astype(np.float32) - np.float32(32))
    low = split_bits(blocks["q"].reshape(-1, 2, 32), 2).reshape(-1, 16, 16)
    high = split_bits(blocks["high"], 1).reshape(-1, 16, 16)
    q = (low | (high << 2)).astype(np.float32)
    q -= np.float32(4)
    q *= scale[:, :, None]
    return q.reshape(-1, 256)
