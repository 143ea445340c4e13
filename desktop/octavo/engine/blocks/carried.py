"""4-bit groups in the blocks that GGUF has for them: nothing is searched, codes and scales are carried over."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks import int4_groups, q4_1
from octavo.engine.blocks.arrays import Bytes
from octavo.engine.blocks.packing import join_nibbles
from octavo.engine.blocks.types import BlockType


def can_carry(kind: BlockType, to: BlockType) -> bool:
    """Whether ``carry`` knows these two types."""
    return kind.name.startswith("INT4_") and to.name == "Q4_1"


def carry(raw: Bytes, kind: BlockType) -> Bytes:
    """Rows of INT4 groups as rows of Q4_1, uint8[rows, row_bytes] both.

    Codes and scales are the same; the minimum, -scale * zero, is rounded to 16 bits, which is the only difference.
    """
    q, scales, zeros = int4_groups.unpack(raw, kind)
    rows, columns = q.shape
    blocks = np.empty((rows, columns // 32), q4_1.BLOCK)
    repeats = kind.n_weights // 32
    with np.errstate(over="ignore"):  # what does not fit is found by whoever checks the result
        minimum = -(scales.astype(np.float32) * zeros).astype(np.float16)
    blocks["scale"] = np.repeat(scales, repeats, axis=1)
    blocks["minimum"] = np.repeat(minimum, repeats, axis=1)
    blocks["q"] = join_nibbles(q.reshape(rows, -1, 32))
    return blocks.view(np.uint8)
