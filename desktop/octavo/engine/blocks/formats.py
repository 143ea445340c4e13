"""Every format that can be read: the layout of its block, and its decoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.engine.blocks import (
    floats,
    int4_groups,
    iq4,
    mxfp4,
    q2_k,
    q3_k,
    q4_0,
    q4_1,
    q4_k,
    q5_0,
    q5_1,
    q5_k,
    q6_k,
    q8_0,
)
from octavo.engine.blocks.arrays import Floats


@dataclass(frozen=True)
class Format:
    """What a block type's bytes mean.

    Parameters
    ----------
    block : numpy.dtype
        The fields of one block; for F32, F16 and BF16 one number.
    decode : callable
        Turns ``block``[n] into float32[n, weights per block], or float32[n] for F32, F16 and BF16.
    """

    # Any: a number of some kind, or the fields of a block.
    block: np.dtype[Any]
    decode: Callable[[NDArray[Any]], Floats]


FORMATS = {
    "F32": Format(floats.F32, floats.decode_f32),
    "F16": Format(floats.F16, floats.decode_f16),
    "BF16": Format(floats.BF16, floats.decode_bf16),
    "Q8_0": Format(q8_0.BLOCK, q8_0.decode),
    "Q4_0": Format(q4_0.BLOCK, q4_0.decode),
    "Q4_1": Format(q4_1.BLOCK, q4_1.decode),
    "Q5_0": Format(q5_0.BLOCK, q5_0.decode),
    "Q5_1": Format(q5_1.BLOCK, q5_1.decode),
    "Q2_K": Format(q2_k.BLOCK, q2_k.decode),
    "Q3_K": Format(q3_k.BLOCK, q3_k.decode),
    "Q4_K": Format(q4_k.BLOCK, q4_k.decode),
    "Q5_K": Format(q5_k.BLOCK, q5_k.decode),
    "Q6_K": Format(q6_k.BLOCK, q6_k.decode),
    "IQ4_NL": Format(iq4.NL_BLOCK, iq4.decode_nl),
    "IQ4_XS": Format(iq4.XS_BLOCK, iq4.decode_xs),
    "MXFP4": Format(mxfp4.BLOCK, mxfp4.decode),
    "INT4_G32": Format(int4_groups.BLOCKS[32], int4_groups.decode),
    "INT4_G64": Format(int4_groups.BLOCKS[64], int4_groups.decode),
    "INT4_G128": Format(int4_groups.BLOCKS[128], int4_groups.decode),
}
