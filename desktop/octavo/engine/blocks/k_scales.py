"""The twelve bytes that hold eight 6-bit scales and eight 6-bit minima, in Q4_K and Q5_K.

Layout, for groups 0 to 3 (j) and 4 to 7 (j + 4)::

    byte j       bits 0-5: scale j       bits 6-7: high 2 bits of scale j + 4
    byte 4 + j   bits 0-5: minimum j     bits 6-7: high 2 bits of minimum j + 4
    byte 8 + j   bits 0-3: low 4 bits of scale j + 4; bits 4-7: low 4 bits of minimum j + 4
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Bytes


def unpack(packed: Bytes) -> tuple[Bytes, Bytes]:
    """Turn uint8[n, 12] into scales and minima, each uint8[n, 8] of 0 to 63."""
    scale, minimum, low = packed[:, 0:4], packed[:, 4:8], packed[:, 8:12]
    scales = np.concatenate([scale & 63, (low & 15) | ((scale >> 2) & 48)], axis=1)
    minima = np.concatenate([minimum & 63, (low >> 4) | ((minimum >> 2) & 48)], axis=1)
    return scales, minima


def pack(scales: Bytes, minima: Bytes) -> Bytes:
    """Undo ``unpack``."""
    packed = np.empty((len(scales), 12), np.uint8)
    packed[:, 0:4] = scales[:, :4] | ((scales[:, 4:] >> 4) << 6)
    packed[:, 4:8] = minima[:, :4] | ((minima[:, 4:] >> 4) << 6)
    packed[:, 8:12] = (scales[:, 4:] & 15) | (minima[:, 4:] << 4)
    return packed
