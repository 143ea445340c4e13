"""Whether an importance matrix was made with this model: the norms' weights tell.

Behind a root-mean-square norm, the mean of squares over all columns is 1 before the norm's weights are applied. So the
importance of a matrix behind it, column by column divided by the square of the norm's weight, has the mean 1 in the
model that it was made with (old ``.dat`` files: the same number for all matrices), whatever the text. With a model of
the same names and sizes but other weights the numbers differ from matrix to matrix.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.codec import decode
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.errors import OctavoError

Floats = npt.NDArray[np.float32]
_BEHIND = {"attn_norm": ("attn_q", "attn_qkv"), "ffn_norm": ("ffn_up", "ffn_gate_inp")}
_LEAST_MATRICES = 4
# What was made with the original fits those trained further, whose norms hardly move; other models are far beyond.
_ALLOWED = 0.1


def check_origin(importance: Mapping[str, Floats], source: Checkpoint) -> None:
    """Refuse importances that do not follow from the norms of ``source``; say nothing where there are few norms.

    Parameters
    ----------
    importance : mapping of str to float32[experts, columns]
        By the names of matrices.
    source : Checkpoint

    Raises
    ------
    OctavoError
        The importance matrix was made for another model.
    """
    means = np.array(_means(importance, source))
    if len(means) < _LEAST_MATRICES:
        return
    usual = np.median(means)
    # Columns that a norm shuts off take their part of the squares along, in few layers: the median passes over them.
    if not usual > 0 or np.median(np.abs(means / usual - 1)) > _ALLOWED:
        raise OctavoError(
            "The importance matrix was made for another model.",
            "Its numbers do not fit the norms of this one. Make one of this model with llama-imatrix, or leave it out.",
        )


def _means(importance: Mapping[str, Floats], source: Checkpoint) -> list[float]:
    """The mean over the columns of each matrix behind a norm, in squares of the norm's weights."""
    tensors = {each.name: each for each in source.tensors}
    means = []
    for layer in range(source.hyperparameters.n_layers):
        for norm, matrices in _BEHIND.items():
            name = f"blk.{layer}.{norm}.weight"
            found = [
                importance[each]
                for each in (f"blk.{layer}.{matrix}.weight" for matrix in matrices)
                if each in importance
            ]
            if name not in tensors or not found or len(found[0]) > 1:
                continue
            weights = decode(source.read(name), tensors[name].block_type)[0].astype(np.float64)
            squares = np.square(weights)
            kept = squares > 0
            means.append(float(np.sum(found[0][0][kept] / squares[kept])) / len(squares))
    return means
