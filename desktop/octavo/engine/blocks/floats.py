"""F32, F16 and BF16: each weight stands alone.

Layouts, little-endian::

    F32    IEEE 754 binary32
    F16    IEEE 754 binary16
    BF16   the upper 16 bits of a binary32
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from octavo.engine.blocks.arrays import Floats

F32, F16, BF16 = np.dtype("<f4"), np.dtype("<f2"), np.dtype("<u2")


def decode_f32(numbers: Floats) -> Floats:
    """Take F32 as they are."""
    return numbers.astype(np.float32, copy=False)


def decode_f16(numbers: NDArray[np.float16]) -> Floats:
    """Widen F16."""
    return numbers.astype(np.float32)


def decode_bf16(bits: NDArray[np.uint16]) -> Floats:
    """Widen BF16, given as its bits."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def encode_f32(weights: Floats) -> Floats:
    """Take float32 as they are."""
    return weights.astype(F32, copy=False)


def encode_f16(weights: Floats) -> NDArray[np.float16]:
    """Round to the nearest F16, halves to even."""
    return weights.astype(F16)


def encode_bf16(weights: Floats) -> NDArray[np.uint16]:
    """Round to the nearest BF16, halves to even, and give its bits; a NaN becomes a quiet one."""
    bits = weights.view(np.uint32)
    rounded = (bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))) >> np.uint32(16)
    quiet = (bits >> np.uint32(16)) | np.uint32(0x40)
    is_nan = (bits & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000)
    return np.where(is_nan, quiet, rounded).astype(BF16)
