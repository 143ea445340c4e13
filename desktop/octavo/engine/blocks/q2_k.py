"""Q2_K: 256 weights in 16 groups; each group has a 4-bit scale and a 4-bit minimum, each weight 2 bits.

Layout of one 84-byte block::

    uint8 groups[16] | uint8 q[64] | f16 scale | f16 minimum

    groups[g]   low half: scale of group g (weights 16 g to 16 g + 15); high half: its minimum
    q[32 h + i] holds weights 128 h + i, + 32, + 64 and + 96, the first in the lowest 2 bits

    weight = scale * group_scale * q - minimum * group_minimum
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_bits

BLOCK = np.dtype([("groups", "u1", 16), ("q", "u1", 64), ("scale", "<f2"), ("minimum", "<f2")])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 256]."""
    groups = blocks["groups"]
    scale = blocks["scale"].astype(np.float32)[:, None] * (groups & 15).astype(np.float32)
    minimum = blocks["minimum"].astype(np.float32)[:, None] * (groups >> 4).astype(np.float32)
    q = split_bits(blocks["q"].reshape(-1, 2, 32), 2).reshape(-1, 16, 16).astype(np.float32)
    q *= scale[:, :, None]
    q -= minimum[:, :, None]
    return q.reshape(-1, 256)
