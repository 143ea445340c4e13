"""Whether numbers are finite: asked of weights before encoding, and of blocks before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    return bool(_is_damaged(blocks, block_type).any())


def mended(raw: Bytes, block_type: BlockType) -> Bytes:
    """The rows, with all weights 0 in every block whose scale or minimum is no finite number.

    Of float types, each number is a block. Parameters as for ``has_non_finite_scale``.
    """
    if not has_non_finite_scale(raw, block_type):
        return raw
    blocks = np.array(raw).view(FORMATS[block_type.name].block)
    # In all block types, nothing but zeros means weights of 0.
    blocks[_is_damaged(blocks, block_type)] = np.zeros((), blocks.dtype)
    return blocks.view(np.uint8)


def _is_damaged(blocks: NDArray[Any], block_type: BlockType) -> NDArray[np.bool_]:
    """Of each block, or number of a float type, whether it holds anything that is not finite."""
    if block_type.name == "F32":
        return ~np.isfinite(blocks)
    if block_type.is_float:
        exponent = np.uint16(_EXPONENT[block_type.name])
        return (blocks.view("<u2") & exponent) == exponent
    if block_type.name == "MXFP4":
        damaged: NDArray[np.bool_] = blocks["exponent"] == 255
        return damaged
    names = [name for name in ("scale", "minimum") if name in (blocks.dtype.names or ())]
    return ~np.logical_and.reduce([np.isfinite(blocks[name]) for name in names])
