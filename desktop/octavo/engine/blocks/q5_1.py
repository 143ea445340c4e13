"""Q5_1: 32 weights share one scale and one minimum; each is 5 bits.

Layout of one 24-byte block::

    f16 scale | f16 minimum | uint32 high | uint8 q[16]       bits as in Q5_0
                                                              weight[i] = scale * q[i] + minimum
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.q5_0 import five_bits

BLOCK = np.dtype([("scale", "<f2"), ("minimum", "<f2"), ("high", "u1", 4), ("q", "u1", 16)])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 32]."""
    q = five_bits(blocks).astype(np.float32)
    q *= blocks["scale"].astype(np.float32)[:, None]
    q += blocks["minimum"].astype(np.float32)[:, None]
    return q
