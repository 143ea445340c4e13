"""INT4_G32, INT4_G64, INT4_G128: a group of weights shares a scale and a zero point; each is 4 bits.

What AWQ, GPTQ and compressed-tensors checkpoints hold, whose arrays their readers bring into this order. Layout of
one block of G = 32, 64 or 128 weights, 3 + G / 2 bytes::

    f16 scale | uint8 zero | uint8 q[G / 2]

    q[16 j + i]  holds weights 32 j + i (low half) and 32 j + 16 + i (high half)

    weight = scale * (q - zero)

Symmetric checkpoints have zero = 8 throughout. Kernels take zeros of up to 128.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.engine.blocks.arrays import Blocks, Bytes, Floats
from octavo.engine.blocks.packing import join_nibbles, split_nibbles
from octavo.engine.blocks.types import BlockType, block_type

BLOCKS: dict[int, np.dtype[Any]] = {  # Any: the fields of a block
    group: np.dtype([("scale", "<f2"), ("zero", "u1"), ("q", "u1", group // 2)]) for group in (32, 64, 128)
}


def int4_type(columns: int, group: int) -> BlockType | None:
    """The block type for rows of ``columns`` weights in groups of ``group``, or None if there is none.

    Larger groups than 128 are held as several that repeat scale and zero, so ``group`` may be a whole row.
    """
    for size in sorted(BLOCKS, reverse=True):
        if group % size == 0 and columns % size == 0:
            return block_type(f"INT4_G{size}")
    return None


def pack(q: Bytes, scales: NDArray[np.float16], zeros: Bytes) -> Bytes:
    """Rows of blocks from what a checkpoint holds.

    Parameters
    ----------
    q : uint8[rows, columns]
        0 to 15.
    scales : float16[rows, columns / G]
    zeros : uint8[rows, columns / G]

    Returns
    -------
    uint8[rows, row_bytes]
        Of the block type ``INT4_G`` with that G.
    """
    rows, columns = q.shape
    n_groups = scales.shape[1]
    blocks = np.empty((rows, n_groups), BLOCKS[columns // n_groups])
    blocks["scale"] = scales
    blocks["zero"] = zeros
    blocks["q"] = join_nibbles(q.reshape(rows, n_groups, -1, 32)).reshape(blocks["q"].shape)
    return blocks.view(np.uint8)


def unpack(raw: Bytes, kind: BlockType) -> tuple[Bytes, NDArray[np.float16], Bytes]:
    """Undo ``pack``: ``q``, ``scales`` and ``zeros`` of rows of that block type."""
    blocks = np.ascontiguousarray(raw).view(BLOCKS[kind.n_weights])
    return _split(blocks["q"]).reshape(len(raw), -1), blocks["scale"].copy(), blocks["zero"].copy()


def decode(blocks: Blocks) -> Floats:
    """Turn BLOCKS[G][n] into float32[n, G]."""
    weights: Floats = _split(blocks["q"]).astype(np.float32)
    weights -= blocks["zero"].astype(np.float32)[:, None]
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights


def _split(packed: Bytes) -> Bytes:
    """uint8[..., G / 2] to uint8[..., G]."""
    return split_nibbles(packed.reshape(*packed.shape[:-1], -1, 16)).reshape(*packed.shape[:-1], -1)
