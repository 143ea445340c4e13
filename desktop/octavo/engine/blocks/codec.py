"""Decode and encode whole matrices of any block type."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octavo.engine.blocks import floats
from octavo.engine.blocks.arrays import Bytes, Floats
from octavo.engine.blocks.formats import FORMATS
from octavo.engine.blocks.types import BlockType

# Rows are worked on in portions of about this many weights, so that temporary arrays stay in the cache.
_PORTION = 1 << 16

_here = threading.local()

# Any: each gives numbers of its own kind.
_FLOAT_ENCODERS: dict[str, Callable[[Floats], NDArray[Any]]] = {
    "F32": floats.encode_f32,
    "F16": floats.encode_f16,
    "BF16": floats.encode_bf16,
}
_BLOCK_ENCODERS = frozenset(
    (
        *("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "MXFP4"),
        *("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS"),
    )
)


def can_decode(block_type: BlockType) -> bool:
    """Whether ``decode`` knows this type."""
    return block_type.name in FORMATS


def can_encode(block_type: BlockType) -> bool:
    """Whether ``encode`` knows this type."""
    return block_type.name in _FLOAT_ENCODERS or block_type.name in _BLOCK_ENCODERS


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
    form = FORMATS[block_type.name]
    columns = row_bytes // block_type.n_bytes * block_type.n_weights
    weights = np.empty((rows, columns), np.float32)
    portion = max(1, _PORTION // max(1, columns))
    with np.errstate(all="ignore"):
        for row in range(0, rows, portion):
            some = weights[row : row + portion]
            blocks = np.ascontiguousarray(raw[row : row + portion]).view(form.block).reshape(-1)
            some[...] = form.decode(blocks).reshape(some.shape)
    return weights


def encode(
    weights: Floats, block_type: BlockType, importance: Floats | None = None, *, n_threads: int = 0
) -> Bytes:
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
    n_threads : int
        0 takes as many as this process may use.

    Returns
    -------
    uint8[rows, row_bytes]
    """
    rows, columns = weights.shape
    raw = np.empty((rows, block_type.row_bytes(columns)), np.uint8)
    if importance is not None and importance.shape != (columns,):
        raise ValueError(f"{importance.shape} importances for {columns} columns")
    if block_type.name in _FLOAT_ENCODERS:
        portion = max(1, _PORTION // max(1, columns))
        with np.errstate(all="ignore"):
            for row in range(0, rows, portion):
                some = np.ascontiguousarray(weights[row : row + portion], np.float32)
                raw[row : row + portion] = _FLOAT_ENCODERS[block_type.name](some).view(np.uint8)
        return raw
    # Compiled code is loaded only by those who encode.
    from octavo.engine.blocks.encoders.ranges import encode_rows

    weights = np.ascontiguousarray(weights, np.float32)
    if importance is not None:
        importance = np.ascontiguousarray(importance, np.float32)
    encode_rows(weights, raw, block_type, importance, n_threads or _usable_threads())
    return raw


def encode_in_one_thread() -> None:
    """Have ``encode``, when this thread calls it, start no others: for threads that share rows out themselves."""
    _here.is_alone = True


def _usable_threads() -> int:
    if getattr(_here, "is_alone", False):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
