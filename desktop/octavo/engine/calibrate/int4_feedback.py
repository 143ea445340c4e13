"""Error feedback for groups of 4 bits: scales are free 16-bit numbers, so codes and scales can be settled in turns.

The first pass is that of ``feedback.py``. Each sweep after it goes through the groups once more, with the errors that
all other columns have by now: the group's scale becomes that of least squares, and each code the one that harms the
outputs least while the others stay (coordinate descent, as QuantEase, arXiv 2309.01885). What is minimized is always
``(w - q) H (w - q)^T`` with the second moments H of the inputs, so no sweep makes the outputs worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.encoders.feedback import round_with_feedback
from octavo.engine.blocks.encoders.int4_range import find_int4_ranges
from octavo.engine.calibrate.feedback import correct_later, make_feedback

Floats = npt.NDArray[np.float32]
_LANES = 16
_LEAST_SCALE = 1e-7
# As many as AutoAWQ tries: the largest weights cut by 0 to 45 percent.
_N_LIMITS = 10
# Of the demo's loss beyond what 8 sweeps reach, 0 to 3 sweeps leave 10, 3.5, 1.3 and 0.5 percent.
N_SWEEPS = 3
_TRUST = 2.0  # a scale that would change by more than this factor stays


@dataclass(frozen=True)
class Coupling:
    """How the columns of a matrix make up for each other.

    Parameters
    ----------
    shares : float32[columns, columns]
        Of the first pass, see ``Feedback``.
    pull : float32[columns, columns]
        The damped second moments, each column divided by its diagonal: how far an error of column ``i`` moves the best
        place of column ``j`` while all others stay.
    diagonal : float32[columns]
    importance : float32[columns]
    """

    shares: Floats
    pull: Floats
    diagonal: Floats
    importance: Floats


def make_coupling(moments: Floats, damping: float) -> Coupling:
    """Prepare the second moments of a product's inputs; their memory becomes that of the pull.

    Parameters
    ----------
    moments : float32[columns, columns]
    damping : float
        As in ``make_feedback``.
    """
    importance = np.diag(moments).copy()
    shares = make_feedback(moments, importance, damping).shares
    np.einsum("ii->i", moments)[...] += np.float32(max(damping * float(importance.mean()), 1e-30))
    diagonal = np.diag(moments).copy()
    moments /= diagonal
    return Coupling(shares, moments, diagonal, importance)


def scaled_moments(moments: Floats, scale: Floats | None) -> Floats:
    """A copy of the moments float32[columns, columns], of inputs that are divided by ``scale`` float32[columns]."""
    if scale is None:
        return moments.copy()
    scaled = moments / scale
    scaled /= scale[:, None]
    return scaled


def round_groups(
    weights: Floats,
    group: int,
    coupling: Coupling,
    *,
    symmetric: bool,
    clips: bool = True,
    n_sweeps: int = N_SWEEPS,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float16], npt.NDArray[np.uint8]]:
    """Codes uint8[rows, columns], scales and zero points [rows, groups]; a row's depend on that row alone.

    Parameters
    ----------
    weights : float32[rows, columns]
    symmetric : bool
        Whether all zero points are 8.
    clips : bool
        Whether the largest weights may be cut.
    """
    rows, columns = weights.shape
    work = _Rows(weights, group, coupling)
    for at in range(0, columns, group):
        work.start(at, symmetric=symmetric, n_limits=_N_LIMITS if clips else 1)
    for _ in range(n_sweeps):
        for at in range(0, columns, group):
            work.settle(at)
    return (
        np.ascontiguousarray(work.steps[:, :rows].T),
        np.ascontiguousarray(work.scales[:, :rows].T).astype(np.float16),
        np.ascontiguousarray(work.zeros[:, :rows].T).astype(np.uint8),
    )


class _Rows:
    """Rows under way, side by side: all arrays are [columns or groups, rows]."""

    def __init__(self, weights: Floats, group: int, coupling: Coupling) -> None:
        rows, columns = weights.shape
        n = -(-rows // _LANES) * _LANES
        self._weights = np.zeros((columns, n), np.float32)
        self._weights[:, :rows] = weights.T
        self._errors = np.zeros_like(self._weights)
        self._group, self._coupling = group, coupling
        self.steps = np.zeros((columns, n), np.uint8)
        self.scales = np.zeros((columns // group, n), np.float32)
        self.zeros = np.zeros_like(self.scales)

    def start(self, at: int, *, symmetric: bool, n_limits: int) -> None:
        """Find the range of the group at a column, and round it for the first time."""
        here, number = slice(at, at + self._group), at // self._group
        shares = self._coupling.shares
        corrected = self._weights[here].copy()
        correct_later(corrected, shares[:at, here], self._errors)
        counts = np.ascontiguousarray(self._coupling.importance[here])
        n = corrected.shape[1]
        find_int4_ranges(
            corrected.ctypes.data,
            counts.ctypes.data,
            self.scales[number].ctypes.data,
            self.zeros[number].ctypes.data,
            self._group,
            n,
            int(symmetric),
            n_limits,
        )
        self.scales[number] = _as_half(self.scales[number])
        self._round(here, number, self._weights[here], corrected, shares[here, here])

    def settle(self, at: int) -> None:
        """Choose the scale and the codes of the group at a column anew."""
        here, number = slice(at, at + self._group), at // self._group
        pull = self._coupling.pull
        wish = np.zeros_like(self._weights[here])  # where each weight would go from where it is
        correct_later(wish, pull[:, here], self._errors)
        codes = self.steps[here] - self.zeros[number]
        diagonal = self._coupling.diagonal[here, None]
        moved = np.zeros_like(codes)
        correct_later(moved, np.ascontiguousarray(pull[here, here]), codes)
        weighted = codes * diagonal
        energy = np.einsum("ij,ij->j", weighted, moved)
        gain = np.einsum("ij,ij->j", weighted, wish)
        old = self.scales[number].copy()
        new = _as_half(old + np.divide(gain, energy, out=np.zeros_like(gain), where=energy > 0))
        trusted = (new < _TRUST * old) & (_TRUST * new > old)
        change = np.where(trusted, new - old, np.float32(0))
        self.scales[number] = old + change
        wish -= change * moved
        base = codes * self.scales[number]
        wish += base
        self._round(here, number, base, wish, pull[here, here])

    def _round(self, here: slice, number: int, base: Floats, corrected: Floats, shares: Floats) -> None:
        scale, zero = self.scales[number], self.zeros[number]
        grid = np.stack([scale, 1 / scale, -zero * scale])
        across = np.ascontiguousarray(shares.T)
        changes = np.empty_like(corrected)
        round_with_feedback(
            base.ctypes.data,
            corrected.ctypes.data,
            across.ctypes.data,
            grid.ctypes.data,
            changes.ctypes.data,
            self.steps[here].ctypes.data,
            len(base),
            len(base),
            base.shape[1],
            0,
            15,
        )
        self._errors[here] = self._weights[here] - (self.steps[here] - zero) * scale


def _as_half(scales: Floats) -> Floats:
    """What is left of them in 16 bits; never 0."""
    return np.maximum(scales, np.float32(_LEAST_SCALE)).astype(np.float16).astype(np.float32)
