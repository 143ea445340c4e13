"""Decode and encode whole matrices of any block type."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from octavo.engine.blocks import (
    floats,
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
from octavo.engine.blocks.arrays import Blocks, Bytes, Floats
from octavo.engine.blocks.plain_encode import ENCODERS
from octavo.engine.blocks.types import BlockType

# Rows are worked on in portions of about this many weights, so that temporary arrays stay in the cache.
_PORTION = 1 << 16


def _of_blocks(decode_blocks: Callable[[Blocks], Floats], block: np.dtype[np.void], raw: Bytes) -> Floats:
    return decode_blocks(raw.view(block).reshape(-1)).reshape(len(raw), -1)


_FLOAT_ENCODERS = {"F32": floats.encode_f32, "F16": floats.encode_f16, "BF16": floats.encode_bf16}
_DECODERS: dict[str, Callable[[Bytes], Floats]] = {
    "F32": floats.decode_f32,
    "F16": floats.decode_f16,
    "BF16": floats.decode_bf16,
    "Q8_0": partial(_of_blocks, q8_0.decode, q8_0.BLOCK),
    "Q4_0": partial(_of_blocks, q4_0.decode, q4_0.BLOCK),
    "Q4_1": partial(_of_blocks, q4_1.decode, q4_1.BLOCK),
    "Q5_0": partial(_of_blocks, q5_0.decode, q5_0.BLOCK),
    "Q5_1": partial(_of_blocks, q5_1.decode, q5_1.BLOCK),
    "Q2_K": partial(_of_blocks, q2_k.decode, q2_k.BLOCK),
    "Q3_K": partial(_of_blocks, q3_k.decode, q3_k.BLOCK),
    "Q4_K": partial(_of_blocks, q4_k.decode, q4_k.BLOCK),
    "Q5_K": partial(_of_blocks, q5_k.decode, q5_k.BLOCK),
    "Q6_K": partial(_of_blocks, q6_k.decode, q6_k.BLOCK),
    "IQ4_NL": partial(_of_blocks, iq4.decode_nl, iq4.NL_BLOCK),
    "IQ4_XS": partial(_of_blocks, iq4.decode_xs, iq4.XS_BLOCK),
    "MXFP4": partial(_of_blocks, mxfp4.decode, mxfp4.BLOCK),
}


def can_decode(block_type: BlockType) -> bool:
    """Whether ``decode`` knows this type."""
    return block_type.name in _DECODERS


def can_encode(block_type: BlockType) -> bool:
    """Whether ``encode`` knows this type."""
    return block_type.name in _FLOAT_ENCODERS or block_type.name in ENCODERS


def decode(raw: Bytes, block_type: BlockType) -> Floats:
    """Turn packed rows into numbers.

    Parameters
    ----------
    raw : uint8[rows, row_bytes]
        As in a GGUF file. Any bytes are taken; scales that are no numbers give weights that are none.
    block_type : BlockType
        One that ``can_decode`` affirms.

    Returns
    -------
    float32[rows, columns]
    """
    rows, row_bytes = raw.shape
    if row_bytes % block_type.n_bytes:
        raise ValueError(f"{row_bytes} bytes are no whole number of {block_type.name} blocks")
    decode_rows = _DECODERS[block_type.name]
    columns = row_bytes // block_type.n_bytes * block_type.n_weights
    weights = np.empty((rows, columns), np.float32)
    portion = max(1, _PORTION // max(1, columns))
    with np.errstate(all="ignore"):
        for row in range(0, rows, portion):
            weights[row : row + portion] = decode_rows(np.ascontiguousarray(raw[row : row + portion]))
    return weights


def encode(weights: Floats, block_type: BlockType, importance: Floats | None = None) -> Bytes:
    """Round numbers to what the blocks can hold, and pack them.

    The bytes are those of ``llama-quantize``. Weights that are not finite give blocks without meaning:
    ask ``has_non_finite`` first.

    Parameters
    ----------
    weights : float32[rows, columns]
        ``columns`` must hold whole blocks.
    block_type : BlockType
        One that ``can_encode`` affirms.
    importance : float32[columns], optional
        How much the error of each column counts (an importance matrix). F32, F16, BF16 and Q8_0 take no
        notice of it.

    Returns
    -------
    uint8[rows, row_bytes]
    """
    rows, columns = weights.shape
    raw = np.empty((rows, block_type.row_bytes(columns)), np.uint8)
    portion = max(1, _PORTION // max(1, columns))
    with np.errstate(all="ignore"):
        for row in range(0, rows, portion):
            some = np.ascontiguousarray(weights[row : row + portion], np.float32)
            if block_type.name in _FLOAT_ENCODERS:
                raw[row : row + portion] = _FLOAT_ENCODERS[block_type.name](some)
            else:
                blocks = ENCODERS[block_type.name](some, importance)
                raw[row : row + portion] = blocks.view(np.uint8).reshape(len(some), -1)
    return raw
