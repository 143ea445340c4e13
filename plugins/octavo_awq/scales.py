"""The search for scales and for clipping (Lin et al., AWQ, arXiv 2306.00978; constants as in AutoAWQ).

Columns whose inputs are large are made larger before they are rounded, and their inputs smaller by as much. A scale is
s = x^r / (w^(1-r) + 1e-4), with x the mean magnitude of a column's inputs, w the mean of |weight| / largest of its
group, and r the one of 20 that harms the module's output least; its largest and smallest then balance around 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from octavo_awq.groups import round_groups

Floats = npt.NDArray[np.float32]
# The pseudo-rounded matrices of a product -> how much its module's output suffers.
Loss = Callable[[Sequence[Floats]], float]
# Matrices that share their inputs and what these are divided by -> the matrices, rounded.
Rounded = Callable[[Sequence[Floats], Floats | None], list[Floats]]
N_RATIOS = 20
# Of the 20, those that are tried where errors are fed back: that does most of what larger ratios would do.
_FEW_RATIOS = (0.0, 0.2, 0.4, 0.6)
_ROWS_TOLD = 4  # one of so many rows tells which is best
_MOST_CLIPPED, _CLIPS = 0.5, 20


def scale_of(ratio: float, inputs: npt.NDArray[np.floating], weights: npt.NDArray[np.floating]) -> Floats:
    """The scale float32[columns] for one ratio, from the columns' mean magnitudes."""
    wide = inputs.astype(np.float64) ** ratio / (weights.astype(np.float64) ** (1 - ratio) + 1e-4)
    wide = np.maximum(wide, 1e-4)
    return np.asarray(wide / np.sqrt(wide.max() * wide.min()), np.float32)


def mean_weights(matrices: Sequence[Floats], group: int) -> npt.NDArray[np.float64]:
    """Mean of |weight| / largest of its group, for each column of all matrices together."""
    total: npt.NDArray[np.float64] = np.zeros(matrices[0].shape[1])
    for each in matrices:
        grouped = np.abs(each).reshape(len(each), -1, group)
        share = grouped / (grouped.max(axis=2, keepdims=True) + np.float32(1e-6))
        total += share.reshape(each.shape).sum(axis=0, dtype=np.float64)
    return total / sum(len(each) for each in matrices)


def search_scale(
    matrices: Sequence[Floats], inputs: Floats, group: int, loss: Loss, *, symmetric: bool
) -> Floats:
    """The best of the 20 scales, float32[columns]."""
    weights = mean_weights(matrices, group)
    best, least = np.ones(len(inputs), np.float32), np.inf
    for n in range(N_RATIOS):
        scale = scale_of(n / N_RATIOS, inputs, weights)
        rounded = [
            round_groups(each * scale, group, symmetric=symmetric).weights() / scale for each in matrices
        ]
        found = loss(rounded)
        if found < least:
            best, least = scale, found
    return best


def choose_scale(
    matrices: Sequence[Floats], inputs: Floats, moments: Floats, group: int, rounded: Rounded
) -> Floats | None:
    """The scale float32[columns] that leaves least error behind when errors are fed back; None if none is better.

    Parameters
    ----------
    moments : float32[columns, columns]
        Of the inputs.
    rounded : callable
        What rows that are scaled, for inputs that are divided by the scale, stand for when they are rounded.
    """
    some = [np.ascontiguousarray(each[::_ROWS_TOLD]) for each in matrices]
    loss = linear_loss(some, moments)
    weights = mean_weights(matrices, group)
    best, least = None, loss(rounded(some, None))
    for ratio in _FEW_RATIOS:
        scale = scale_of(ratio, inputs, weights)
        found = loss([each / scale for each in rounded([each * scale for each in some], scale)])
        if found < least:
            best, least = scale, found
    return best


def linear_loss(matrices: Sequence[Floats], moments: Floats) -> Loss:
    """The mean square of what changes in the products' own outputs, from the inputs' second moments."""

    def loss(rounded: Sequence[Floats]) -> float:
        total = 0.0
        for one, other in zip(matrices, rounded, strict=True):
            change = other - one
            total += float(np.einsum("ij,ij->", change @ moments, change, dtype=np.float64))
        return total

    return loss


def search_clip(weights: Floats, moments: Floats, group: int, *, symmetric: bool) -> Floats:
    """How far each group may reach, float32[rows, groups]: shrunk by 0 to 45 percent, so that its part of the
    output changes least.

    Parameters
    ----------
    weights : float32[rows, columns]
        As they will be rounded, scaled already.
    moments : float32[columns, columns]
        Of inputs that are scaled too.
    """
    rows, columns = weights.shape
    n_groups = columns // group
    grouped = weights.reshape(rows, n_groups, group)
    full: npt.NDArray[np.float32] = np.abs(grouped).max(axis=2)
    own = np.stack([moments[at : at + group, at : at + group] for at in range(0, columns, group)])
    own = own.astype(np.float64)
    best, least = full.copy(), np.full(full.shape, np.inf)
    for n in range(int(_MOST_CLIPPED * _CLIPS)):
        limit = full * np.float32(1 - n / _CLIPS)
        clipped = clip(weights, limit)
        change = round_groups(clipped, group, symmetric=symmetric).weights().reshape(grouped.shape) - grouped
        across = change.transpose(1, 0, 2).astype(np.float64)
        error: npt.NDArray[np.float64] = np.einsum("gri,gri->gr", across @ own, across).T
        better = error < least
        best[better], least[better] = limit[better], error[better]
    return best


def clip(weights: Floats, limit: Floats) -> Floats:
    """Cut each group of [rows, columns] at its limit [rows, groups]."""
    rows, n_groups = limit.shape
    grouped = weights.reshape(rows, n_groups, -1)
    cut: Floats = np.clip(grouped, -limit[..., None], limit[..., None]).reshape(weights.shape)
    return cut
