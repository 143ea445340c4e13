"""Error feedback: what rounding a column does to a product's outputs, later columns make up for.

With inputs x of second moments ``H = mean(x x^T)`` and ``H = R D R^T`` (R upper with ones on the diagonal), the error
of the outputs is the sum over columns of ``D[k] * (w[k] + sum_j<k (w[j] - q[j]) R[j, k] - q[k])^2``: rounding the
corrected weight of each column in turn makes every term small. That is GPTQ (Frantar et al., arXiv 2210.17323) in the
form of LDLQ (Chee et al., arXiv 2307.13304), here on the grids of GGUF's block types: a block's scales are searched,
importance weighted, on its corrected weights when its turn comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.codec import encode
from octavo.engine.blocks.encoders.feedback import round_with_feedback, take_over
from octavo.engine.blocks.grids import GRIDS, put_steps, scales_of
from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.factor import factor_in_place
from octavo.engine.calibrate.moments import Map

Floats = npt.NDArray[np.float32]
_LANES = 16
_WIDEST_BLOCK = 256
_LEAST_DAMPING = 1e-5


@dataclass(frozen=True)
class Feedback:
    """How errors are passed on, and how much each column counts.

    Parameters
    ----------
    shares : float32[columns, columns]
        R: row ``j`` says how much of the error of column ``j`` each later column takes over. Below the diagonal it
        is 0 as far as a row's block of 256 columns goes; what is left of that means nothing.
    importance : float32[columns]
        The mean square of each column's inputs.
    """

    shares: Floats
    importance: Floats


def make_feedback(moments: Floats, importance: Floats, damping: float) -> Feedback:
    """Factor the second moments of a product's inputs, and leave them as they are; see ``feedback_in_place``."""
    return feedback_in_place(moments.copy(), np.array(importance, np.float32), damping)


def feedback_in_place(moments: Floats, importance: Floats, damping: float, run: Map = map) -> Feedback:
    """Factor the second moments of a product's inputs, whose memory becomes that of the shares.

    Parameters
    ----------
    moments : float32[columns, columns]
        Symmetric; what is below the diagonal is not read. Any positive multiple gives the same.
    importance : float32[columns]
        No part of the moments' memory.
    damping : float
        The share of the mean of the diagonal that is added to it: how little the moments are trusted.
    run : callable
        Makes the calls that share the work.
    """
    diagonal = np.einsum("ii->i", moments)
    # Inputs that are always 0 leave a moment of 0; nothing then counts, so any positive number will do. What is
    # below the precision of float32 would be lost in the sums.
    mean = float(diagonal.mean(dtype=np.float64))
    diagonal += np.float32(max(max(damping, _LEAST_DAMPING) * mean, 1e-30))
    factor_in_place(moments, run)
    divisors = diagonal.copy()
    for row in range(len(moments)):
        # Further to the left nothing is ever read, and the memory was perhaps never touched.
        moments[row, row // _WIDEST_BLOCK * _WIDEST_BLOCK : row] = 0
        moments[row, row:] /= divisors[row:]
    return Feedback(moments, importance)


def can_feed_back(block_type: BlockType) -> bool:
    """Whether ``encode_with_feedback`` knows this type."""
    return block_type.name in GRIDS


def encode_with_feedback(weights: Floats, block_type: BlockType, feedback: Feedback) -> npt.NDArray[np.uint8]:
    """Encode float32[rows, columns] into uint8[rows, row_bytes]; a row's bytes depend on that row alone."""
    rows, columns = weights.shape
    n = -(-rows // _LANES) * _LANES
    across = np.zeros((columns, n), np.float32)
    across[:, :rows] = weights.T
    errors = np.empty_like(across)
    size = block_type.n_weights
    raw = np.empty((rows, columns // size, block_type.n_bytes), np.uint8)
    for block, first in enumerate(range(0, columns, size)):
        here = slice(first, first + size)
        corrected = across[here].copy()
        correct_later(corrected, feedback.shares[:first, here], errors)
        counts = np.ascontiguousarray(feedback.importance[here])
        found = encode(np.ascontiguousarray(corrected[:, :rows].T), block_type, counts, n_threads=1)
        shares = np.ascontiguousarray(feedback.shares[here, here].T)
        steps = _round(across[here], corrected, errors[here], shares, found, block_type)
        put_steps(found, steps, block_type)
        raw[:, block] = found
    return raw.reshape(rows, -1)


def correct_later(corrected: Floats, shares: Floats, errors: Floats) -> None:
    """Correct a block's weights for the errors of the columns before it."""
    n_before, n_columns = shares.shape
    take_over(
        corrected.ctypes.data,
        shares.ctypes.data,
        errors.ctypes.data,
        n_before,
        n_columns,
        corrected.shape[1],
        shares.strides[0],
    )


def _round(
    weights: Floats,
    corrected: Floats,
    errors: Floats,
    shares: Floats,
    found: npt.NDArray[np.uint8],
    block_type: BlockType,
) -> npt.NDArray[np.uint8]:
    """Choose the steps of one block of every row, uint8[rows, columns], and write the errors."""
    size, n = weights.shape
    kind = GRIDS[block_type.name]
    grid = _grid(found, block_type, n)
    steps = np.empty((size, n), np.uint8)
    round_with_feedback(
        weights.ctypes.data,
        corrected.ctypes.data,
        shares.ctypes.data,
        grid.ctypes.data,
        errors.ctypes.data,
        steps.ctypes.data,
        size,
        kind.group,
        n,
        kind.lowest,
        kind.highest,
    )
    return np.ascontiguousarray(steps[:, : len(found)].T)


def _grid(found: npt.NDArray[np.uint8], block_type: BlockType, n: int) -> Floats:
    """Scale, inverse and low of each group, float32[groups, 3, n]; rows that fill up are 0."""
    scale, low = scales_of(found, block_type)
    grid = np.zeros((scale.shape[1], 3, n), np.float32)
    grid[:, 0, : len(found)] = scale.T
    grid[:, 2, : len(found)] = low.T
    np.divide(1, grid[:, 0], out=grid[:, 1], where=grid[:, 0] != 0)
    return grid
