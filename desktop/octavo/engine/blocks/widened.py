"""Weights as numbers, with their largest magnitude: what everyone wants to know who encodes them again."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Bytes, Floats
from octavo.engine.blocks.codec import decode
from octavo.engine.blocks.types import BlockType

_LANES = 16


def widened(raw: Bytes, block_type: BlockType) -> tuple[Floats, float]:
    """Decode rows, and tell how large the largest weight is.

    Parameters
    ----------
    raw : uint8[rows, row_bytes]
        Contiguous.
    block_type : BlockType
        One that ``can_decode`` affirms.

    Returns
    -------
    weights : float32[rows, columns]
    largest : float
        The largest magnitude; NaN if any weight is infinite or not a number.
    """
    # Compiled code is loaded only by those who convert.
    from octavo.engine.blocks.encoders import widen

    rows, row_bytes = raw.shape
    columns = row_bytes // block_type.n_bytes * block_type.n_weights
    if rows * columns % _LANES:
        return _plainly(raw, block_type)
    found = np.empty((2, _LANES), np.float32)
    n_vectors = rows * columns // _LANES
    if block_type.name in ("F16", "BF16"):
        weights = np.empty((rows, columns), np.float32)
        widen_rows = widen.f16 if block_type.name == "F16" else widen.bf16
        widen_rows(raw.ctypes.data, weights.ctypes.data, found.ctypes.data, n_vectors)
    else:
        weights = np.ascontiguousarray(decode(raw, block_type))
        widen.largest(weights.ctypes.data, found.ctypes.data, n_vectors)
    is_finite = np.isfinite(found[1]).all()
    return weights, float(found[0].max()) if is_finite else float("nan")


def _plainly(raw: Bytes, block_type: BlockType) -> tuple[Floats, float]:
    weights = decode(raw, block_type)
    largest = float(np.abs(weights).max(initial=0.0))
    return weights, largest if np.isfinite(largest) else float("nan")
