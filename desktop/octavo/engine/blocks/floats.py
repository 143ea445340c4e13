"""F32, F16 and BF16: each weight stands alone.

Layouts, little-endian::

    F32    IEEE 754 binary32
    F16    IEEE 754 binary16
    BF16   the upper 16 bits of a binary32
"""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Bytes, Floats


def decode_f32(raw: Bytes) -> Floats:
    """Read uint8[rows, 4 * columns] as float32[rows, columns]."""
    return raw.view("<f4").astype(np.float32)


def decode_f16(raw: Bytes) -> Floats:
    """Read uint8[rows, 2 * columns] as float32[rows, columns]."""
    return raw.view("<f2").astype(np.float32)


def decode_bf16(raw: Bytes) -> Floats:
    """Read uint8[rows, 2 * columns] as float32[rows, columns]."""
    return (raw.view("<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)


def encode_f32(weights: Floats) -> Bytes:
    """Write float32[rows, columns] as uint8[rows, 4 * columns]."""
    return weights.astype("<f4").view(np.uint8)


def encode_f16(weights: Floats) -> Bytes:
    """Round float32[rows, columns] to the nearest F16, halves to even."""
    return weights.astype("<f2").view(np.uint8)


def encode_bf16(weights: Floats) -> Bytes:
    """Round float32[rows, columns] to the nearest BF16, halves to even; a NaN becomes a quiet one."""
    bits = weights.view(np.uint32)
    rounded = (bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))) >> np.uint32(16)
    quiet = (bits >> np.uint32(16)) | np.uint32(0x40)
    is_nan = (bits & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000)
    return np.where(is_nan, quiet, rounded).astype("<u2").view(np.uint8)
