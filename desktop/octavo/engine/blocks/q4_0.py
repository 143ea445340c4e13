"""Q4_0: 32 weights share one scale; each is 4 bits, centred on 8.

Layout of one 18-byte block::

    f16 scale | uint8 q[16]       byte i holds weight i (low half) and weight i + 16 (high half)
                                  weight[i] = scale * (q[i] - 8)
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_nibbles

BLOCK = np.dtype([("scale", "<f2"), ("q", "u1", 16)])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 32]."""
    q = split_nibbles(blocks["q"]).astype(np.float32)
    q -= np.float32(8)
    q *= blocks["scale"].astype(np.float32)[:, None]
    return q
