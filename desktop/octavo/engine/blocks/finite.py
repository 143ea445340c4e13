"""Whether numbers are finite: asked of weights before encoding, and of blocks before and after."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Bytes, Floats
from octavo.engine.blocks.formats import FORMATS
from octavo.engine.blocks.types import BlockType

# The exponent bits of F16 and of BF16: all set in infinities and in what is no number.
_EXPONENT = {"F16": 0x7C00, "BF16": 0x7F80}


def has_non_finite(weights: Floats) -> bool:
    """Whether any weight of float32[rows, columns] is infinite or not a number."""
    # A sum is not finite if one of its weights is not; only then look at each of them.
    with np.errstate(all="ignore"):
        sums = weights.sum(axis=-1)
    return not np.isfinite(sums).all() and not np.isfinite(weights).all()


def has_non_finite_scale(raw: Bytes, block_type: BlockType) -> bool:
    """Whether a block's scale or minimum, or a number of a float type, is infinite or not a number.

    Parameters
    ----------
    raw : uint8[rows, row_bytes]
    block_type : BlockType
        One that ``can_decode`` affirms.
    """
    blocks = np.ascontiguousarray(raw).view(FORMATS[block_type.name].block)
    if block_type.name == "F32":
        return has_non_finite(blocks)
    if block_type.is_float:
        exponent = np.uint16(_EXPONENT[block_type.name])
        return bool(((blocks.view("<u2") & exponent) == exponent).any())
    if block_type.name == "MXFP4":
        return bool((blocks["exponent"] == 255).any())
    names = [name for name in ("scale", "minimum") if name in (blocks.dtype.names or ())]
    return not all(np.isfinite(blocks[name]).all() for name in names)
