"""Q8_0: 32 weights share one scale; each is a signed byte.

Layout of one 34-byte block::

    f16 scale | int8 q[32]        weight[i] = scale * q[i]
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Blocks, Floats

BLOCK = np.dtype([("scale", "<f2"), ("q", "i1", 32)])


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCK[n] into float32[n, 32]."""
    weights: Floats = blocks["q"].astype(np.float32)
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights
