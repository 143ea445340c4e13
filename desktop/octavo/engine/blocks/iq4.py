"""IQ4_NL and IQ4_XS: each weight is 4 bits that point into a table of 16 unequal steps.

Layout of one 18-byte block of IQ4_NL, 32 weights::

    f16 scale | uint8 q[16]       byte i holds weight i (low half) and weight i + 16 (high half)
                                  weight[i] = scale * STEPS[q[i]]

Layout of one 136-byte block of IQ4_XS, 256 weights in 8 groups::

    f16 scale | uint16 high | uint8 low[4] | uint8 q[128]

    low[g]       low 4 bits of the scales of groups 2 g (low half) and 2 g + 1 (high half)
    high         2 bits for each group, the first lowest
    q[16 g + i]  holds weights 32 g + i (low half) and 32 g + 16 + i (high half)

    weight = scale * (group_scale - 32) * STEPS[q]

The table is ``kvalues_iq4nl`` of ``ggml-common.h``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats
from octavo.engine.blocks.packing import split_nibbles

STEPS = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], dtype=np.float32)
NL_BLOCK = np.dtype([("scale", "<f2"), ("q", "u1", 16)])
XS_BLOCK = np.dtype([("scale", "<f2"), ("high", "<u2"), ("low", "u1", 4), ("q", "u1", 128)])


def decode_nl(blocks: Blocks) -> Floats:
    """Turn NL_BLOCK[n] into float32[n, 32]."""
    weights: Floats = STEPS[split_nibbles(blocks["q"])]
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights


def decode_xs(blocks: Blocks) -> Floats:
    """Turn XS_BLOCK[n] into float32[n, 256]."""
    low = blocks["low"]
    low = np.stack([low & 15, low >> 4], axis=-1).reshape(-1, 8)
    high = (blocks["high"][:, None] >> np.arange(0, 16, 2, dtype=np.uint16)) & np.uint16(3)
    groups = (low | (high << 4)).astype(np.float32) - np.float32(32)
    scale = blocks["scale"].astype(np.float32)[:, None] * groups
    weights: Floats = STEPS[split_nibbles(blocks["q"].reshape(-1, 8, 16))]
    weights *= scale[:, :, None]
    return weights.reshape(-1, 256)
