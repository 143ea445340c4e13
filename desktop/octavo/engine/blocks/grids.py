"""What a row of blocks can hold once its scales are fixed: evenly spaced numbers in each group of weights.

``weight = scale * step + low`` with a scale and a low for each group, and whole steps. An encoder that has reasons of
its own to choose the steps takes the scales from blocks that are encoded already, and puts its steps in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from octavo.engine.blocks import k_scales
from octavo.engine.blocks.arrays import Blocks, Bytes, Floats
from octavo.engine.blocks.formats import FORMATS
from octavo.engine.blocks.packing import join_bits, join_nibbles, split_bits, split_nibbles
from octavo.engine.blocks.types import BlockType


class Grid(NamedTuple):
    """The numbers that a block type offers.

    Parameters
    ----------
    group : int
        Weights that share a scale.
    lowest, highest : int
        The steps.
    """

    group: int
    lowest: int
    highest: int


GRIDS = {
    "Q4_0": Grid(32, -8, 7),
    "Q4_1": Grid(32, 0, 15),
    "Q5_0": Grid(32, -16, 15),
    "Q5_1": Grid(32, 0, 31),
    "Q8_0": Grid(32, -128, 127),
    "Q2_K": Grid(16, 0, 3),
    "Q3_K": Grid(16, -4, 3),
    "Q4_K": Grid(32, 0, 15),
    "Q5_K": Grid(32, 0, 31),
    "Q6_K": Grid(16, -32, 31),
}


def _scaled(blocks: Blocks) -> tuple[Floats, Floats]:
    scale = blocks["scale"].astype(np.float32)[:, None]
    return scale, np.zeros_like(scale)


def _affine(blocks: Blocks) -> tuple[Floats, Floats]:
    return blocks["scale"].astype(np.float32)[:, None], blocks["minimum"].astype(np.float32)[:, None]


def _affine_groups(blocks: Blocks) -> tuple[Floats, Floats]:
    scales, minima = k_scales.unpack(blocks["groups"])
    scale, minimum = _affine(blocks)
    return scale * scales.astype(np.float32), -minimum * minima.astype(np.float32)


def _q2_k(blocks: Blocks) -> tuple[Floats, Floats]:
    scale, minimum = _affine(blocks)
    groups = blocks["groups"]
    return scale * (groups & 15).astype(np.float32), -minimum * (groups >> 4).astype(np.float32)


def _q3_k(blocks: Blocks) -> tuple[Floats, Floats]:
    packed = blocks["scales"]
    groups = split_nibbles(packed[:, :8]) | (split_bits(packed[:, 8:], 2).reshape(-1, 16) << 4)
    scale = blocks["scale"].astype(np.float32)[:, None] * (groups.astype(np.float32) - np.float32(32))
    return scale, np.zeros_like(scale)


def _q6_k(blocks: Blocks) -> tuple[Floats, Floats]:
    scale = blocks["scale"].astype(np.float32)[:, None] * blocks["scales"].astype(np.float32)
    return scale, np.zeros_like(scale)


_SCALES: dict[str, Callable[[Blocks], tuple[Floats, Floats]]] = {
    "Q4_0": _scaled,
    "Q4_1": _affine,
    "Q5_0": _scaled,
    "Q5_1": _affine,
    "Q8_0": _scaled,
    "Q2_K": _q2_k,
    "Q3_K": _q3_k,
    "Q4_K": _affine_groups,
    "Q5_K": _affine_groups,
    "Q6_K": _q6_k,
}


def scales_of(raw: Bytes, block_type: BlockType) -> tuple[Floats, Floats]:
    """Scale and low of every group.

    Parameters
    ----------
    raw : uint8[rows, row_bytes]
        Encoded rows of a type in ``GRIDS``.

    Returns
    -------
    float32[rows, groups], float32[rows, groups]
    """
    blocks = np.ascontiguousarray(raw).view(FORMATS[block_type.name].block).reshape(-1)
    scale, low = _SCALES[block_type.name](blocks)
    return scale.reshape(len(raw), -1), low.reshape(len(raw), -1)


def _put_q4(blocks: Blocks, steps: Bytes) -> None:
    blocks["q"] = join_nibbles(steps)


def _put_q5(blocks: Blocks, steps: Bytes) -> None:
    blocks["q"] = join_nibbles(steps)
    blocks["high"] = np.packbits(steps >> np.uint8(4), axis=-1, bitorder="little")


def _put_q8_0(blocks: Blocks, steps: Bytes) -> None:
    blocks["q"] = steps.astype(np.int16) - 128


def _put_q2_k(blocks: Blocks, steps: Bytes) -> None:
    blocks["q"] = join_bits(steps.reshape(-1, 2, 4, 32), 2).reshape(-1, 64)


def _put_q3_k(blocks: Blocks, steps: Bytes) -> None:
    blocks["q"] = join_bits((steps & np.uint8(3)).reshape(-1, 2, 4, 32), 2).reshape(-1, 64)
    blocks["high"] = join_bits((steps >> np.uint8(2)).reshape(-1, 8, 32), 1)


def _put_q4_k(blocks: Blocks, steps: Bytes) -> None:
    blocks["q"] = join_bits((steps & np.uint8(15)).reshape(-1, 4, 2, 32), 4).reshape(-1, 128)


def _put_q5_k(blocks: Blocks, steps: Bytes) -> None:
    _put_q4_k(blocks, steps)
    blocks["high"] = join_bits((steps >> np.uint8(4)).reshape(-1, 8, 32), 1)


def _put_q6_k(blocks: Blocks, steps: Bytes) -> None:
    blocks["low"] = join_bits((steps & np.uint8(15)).reshape(-1, 2, 2, 64), 4).reshape(-1, 128)
    blocks["high"] = join_bits((steps >> np.uint8(4)).reshape(-1, 2, 4, 32), 2).reshape(-1, 64)


_PUT: dict[str, Callable[[Blocks, Bytes], None]] = {
    "Q4_0": _put_q4,
    "Q4_1": _put_q4,
    "Q5_0": _put_q5,
    "Q5_1": _put_q5,
    "Q8_0": _put_q8_0,
    "Q2_K": _put_q2_k,
    "Q3_K": _put_q3_k,
    "Q4_K": _put_q4_k,
    "Q5_K": _put_q5_k,
    "Q6_K": _put_q6_k,
}


def put_steps(raw: Bytes, steps: Bytes, block_type: BlockType) -> None:
    """Replace the steps of encoded rows, leaving their scales.

    Parameters
    ----------
    raw : uint8[rows, row_bytes]
        Contiguous; changed in place.
    steps : uint8[rows, columns]
        Counted from the lowest step, which is 0.
    """
    blocks = raw.view(FORMATS[block_type.name].block).reshape(-1)
    _PUT[block_type.name](blocks, steps.reshape(len(blocks), -1))
