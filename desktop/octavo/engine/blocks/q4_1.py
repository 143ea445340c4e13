"""Q4_1: 32 weights share one scale and one minimum; each is 4 bits.

Layout of one 20-byte block::

    f16 scale | f16 minimum | uint8 q[16]     byte i holds weight i (low half) and weight i + 16 (high half)
                                              weight[i] = scale * q[i] + minimum
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_nibbles

BLOCK = np.dtype([("scale", "<f2"), ("minimum", "<f2"), ("q", "u1", 16)])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 32]."""
    q = split_nibbles(blocks["q"]).astype(np.float32)
    q *= blocks["scale"].astype(np.float32)[:, None]
    q += blocks["minimum"].astype(np.float32)[:, None]
    return q
