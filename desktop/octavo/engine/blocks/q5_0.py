"""Q5_0: 32 weights share one scale; each is 5 bits, centred on 16.

Layout of one 22-byte block::

    f16 scale | uint32 high | uint8 q[16]     byte i holds the low 4 bits of weight i (low half) and of
                                              weight i + 16 (high half); bit i of ``high`` is the fifth bit
                                              weight[i] = scale * (q[i] - 16)
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Bytes, Floats
from octavo.engine.blocks.packing import split_nibbles

BLOCK = np.dtype([("scale", "<f2"), ("high", "u1", 4), ("q", "u1", 16)])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 32]."""
    q = five_bits(blocks).astype(np.float32)
    q -= np.float32(16)
    q *= blocks["scale"].astype(np.float32)[:, None]
    return q


def five_bits(blocks: Blocks) -> Bytes:
    """Join the fields ``q`` and ``high`` of Q5_0 or Q5_1 blocks to uint8[n, 32], each 0 to 31."""
    fifth = np.unpackbits(blocks["high"], axis=-1, bitorder="little")
    joined: Bytes = split_nibbles(blocks["q"]) | (fifth << np.uint8(4))
    return joined
