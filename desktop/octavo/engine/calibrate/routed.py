"""What went into the experts of a layer: kept as it came, and summed for one expert when its weights are rounded.

The moments of all experts together would take gigabytes (128 of 2,048 columns: 2.1), the inputs a tenth of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from octavo.engine.calibrate.moments import Moments
from octavo.engine.inference.layered import LayeredModel

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


FEWEST_TOKENS = 64
"""With fewer, an expert's moments say more about these tokens than about those to come."""


@dataclass(frozen=True)
class _Window:
    """One window's inputs, and the ways of its tokens through experts, tokens ascending.

    Parameters
    ----------
    inputs : float32[rows, columns]
    expert, row : int64[ways]
        Which expert, and which row goes in.
    weight : float32[ways]
        How much the squared error counts.
    starts : bool[ways]
        Whether it is the window's first token.
    """

    inputs: Floats
    expert: Numbers
    row: Numbers
    weight: Floats
    starts: npt.NDArray[np.bool_]


@dataclass
class RoutedInputs:
    """The inputs of one product of experts, window by window."""

    columns: int
    _windows: list[_Window] = field(default_factory=list)

    def add_tokens(self, inputs: Floats, experts: Numbers, weights: Floats) -> None:
        """Keep what goes into experts.

        Parameters
        ----------
        inputs : float32[tokens, columns]
        experts, weights : int64[tokens, used], float32[tokens, used]
            The router's choices: what an expert gets wrong counts as it weighs its result.
        """
        n_tokens, n_used = experts.shape
        token = np.repeat(np.arange(n_tokens), n_used)
        weight = weights.reshape(-1) ** 2
        self._windows.append(_Window(inputs.copy(), experts.reshape(-1), token, weight, token == 0))

    def add_rows(self, inputs: Floats, experts: Numbers, token_weights: Floats) -> None:
        """Keep what comes out of experts, weighted by the router already.

        Parameters
        ----------
        inputs : float32[tokens * used, columns]
            Sorted by expert, then by token.
        experts : int64[tokens, used]
        token_weights : float32[tokens]
            How much the squared error of each token counts.
        """
        flat = experts.reshape(-1)
        order = np.argsort(flat, kind="stable")
        token = order // experts.shape[1]
        rows = np.arange(len(flat))
        self._windows.append(_Window(inputs.copy(), flat[order], rows, token_weights[token], token == 0))

    def n_tokens(self, expert: int) -> int:
        """How many tokens went through an expert."""
        return sum(int((each.expert == expert).sum()) for each in self._windows)

    def knows(self, expert: int) -> bool:
        """Whether enough tokens went through an expert to tell something about those to come."""
        return self.n_tokens(expert) >= FEWEST_TOKENS

    def mean_abs(self, expert: int) -> Floats:
        """The mean magnitude of every column of an expert's inputs, float32[columns]; it has seen some."""
        rows = [each.inputs[each.row[each.expert == expert]] for each in self._windows]
        total = sum(np.abs(each).sum(axis=0, dtype=np.float64) for each in rows)
        return np.asarray(total / sum(len(each) for each in rows), np.float32)

    def moments(self, expert: int) -> Floats:
        """The weighted second moments of an expert's inputs, float32[columns, columns]; it has seen some."""
        moments = Moments(self.columns)
        for each in self._windows:
            ways = np.flatnonzero(each.expert == expert)
            if len(ways):
                starts = bool(each.starts[ways[0]])
                moments.add(each.inputs[each.row[ways]], each.weight[ways], has_first=starts)
        return moments.weighted()


def keep_routed(model: LayeredModel, inputs: RoutedInputs, side: str, x: Floats, squares: Floats) -> None:
    """Keep a window's inputs of the side ``in`` or ``out`` of experts, after the layer has run.

    Parameters
    ----------
    x : float32[rows, columns]
    squares : float32[tokens]
        The mean squares of the residual stream that came out: what is added to it counts as it changes its norm.
    """
    experts, weights = model.choices(len(squares))
    if side == "in":
        inputs.add_tokens(x, experts, weights)
    else:
        token_weights = 1 / np.maximum(squares, 1e-12)
        inputs.add_rows(x, experts, token_weights.astype(np.float32))
