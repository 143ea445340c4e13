"""Q6_K: 256 weights in 16 groups; each group has a signed 8-bit scale, each weight 6 bits centred on 32.

Layout of one 210-byte block::

    uint8 low[128] | uint8 high[64] | int8 scales[16] | f16 scale

    low[64 h + i]   holds the low 4 bits of weights 128 h + i (low half) and 128 h + 64 + i (high half)
    high[32 h + i]  holds the high 2 bits of weights 128 h + i, + 32, + 64 and + 96, the first lowest

    weight = scale * scales[group] * (q - 32)
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_bits

BLOCK = np.dtype([("low", "u1", 128), ("high", "u1", 64), ("scales", "i1", 16), ("scale", "<f2")])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 256]."""
    scale = blocks["scale"].astype(np.float32)[:, None] * blocks["scales"].astype(np.float32)
    low = split_bits(blocks["low"].reshape(-1, 2, 64), 4).reshape(-1, 16, 16)
    high = split_bits(blocks["high"].reshape(-1, 2, 32), 2).reshape(-1, 16, 16)
    q = (low | (high << 4)).astype(np.float32)
    q -= np.float32(32)
    q *= scale[:, :, None]
    return q.reshape(-1, 256)
