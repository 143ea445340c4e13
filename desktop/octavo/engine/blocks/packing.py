"""How small whole numbers are packed into bytes, shared by the 4-, 5- and 6-bit formats."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Bytes


def join_nibbles(q: Bytes) -> Bytes:
    """Put the second half of each row above the first.

    Parameters
    ----------
    q : uint8[..., 2 * n]
        Only the low 4 bits of each count.

    Returns
    -------
    uint8[..., n]
    """
    half = q.shape[-1] // 2
    joined: Bytes = (q[..., :half] & np.uint8(15)) | (q[..., half:] << np.uint8(4))
    return joined


def split_nibbles(packed: Bytes) -> Bytes:
    """Undo ``join_nibbles``: uint8[..., n] becomes uint8[..., 2 * n]."""
    return np.concatenate([packed & 15, packed >> 4], axis=-1)


def split_bits(packed: Bytes, n_bits: int) -> Bytes:
    """Cut each byte into ``8 / n_bits`` planes, the lowest bits first.

    Parameters
    ----------
    packed : uint8[..., n]
    n_bits : int
        1, 2 or 4.

    Returns
    -------
    uint8[..., 8 / n_bits, n]
        Plane after plane, each as long as the input's last axis.
    """
    shifts = np.arange(0, 8, n_bits, dtype=np.uint8)[:, None]
    planes: Bytes = (packed[..., None, :] >> shifts) & np.uint8((1 << n_bits) - 1)
    return planes


def join_bits(planes: Bytes, n_bits: int) -> Bytes:
    """Undo ``split_bits``: uint8[..., 8 / n_bits, n] becomes uint8[..., n]."""
    shifts = np.arange(0, 8, n_bits, dtype=np.uint8)[:, None]
    joined: Bytes = np.bitwise_or.reduce(planes << shifts, axis=-2)
    return joined
