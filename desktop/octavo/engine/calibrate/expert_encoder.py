"""Rows of stacked experts, each encoded as suits its expert: with feedback of the tokens that it saw, for example."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.feedback import encode_with_feedback, feedback_in_place
from octavo.engine.calibrate.routed import RoutedInputs
from octavo.engine.quantize.calibration import RowEncoder

Floats = npt.NDArray[np.float32]


class ExpertEncoder:
    """A ``RowEncoder`` for a tensor of stacked experts.

    Parameters
    ----------
    rows_of_expert : int
    made : callable
        Gives an expert's own encoder, which is told the rows' numbers over all experts.
    n_kept : int
        How many experts' encoders are kept at once; pieces come nearly in order, from several threads.
    """

    def __init__(self, rows_of_expert: int, made: Callable[[int], RowEncoder], n_kept: int) -> None:
        self._rows_of_expert = rows_of_expert
        self._made = made
        self._n_kept = n_kept
        self._known: OrderedDict[int, Future[RowEncoder]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, weights: Floats, first: int) -> npt.NDArray[np.uint8]:
        """Encode rows from ``first`` on, counted over all experts."""
        parts = []
        at, last = first, first + len(weights)
        while at < last:
            expert = at // self._rows_of_expert
            end = min(last, (expert + 1) * self._rows_of_expert)
            rows = np.ascontiguousarray(weights[at - first : end - first])
            parts.append(self._encoder(expert)(rows, at))
            at = end
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _encoder(self, expert: int) -> RowEncoder:
        """Made by the first thread that needs it; the others wait."""
        with self._lock:
            found = self._known.get(expert)
            is_mine = found is None
            if found is None:
                found = self._known[expert] = Future()
                while len(self._known) > self._n_kept:
                    self._known.popitem(last=False)
        if is_mine:
            try:
                found.set_result(self._made(expert))
            except BaseException as error:
                found.set_exception(error)
        return found.result()


def with_own_feedback(
    inputs: RoutedInputs, expert: int, to: BlockType, plain: RowEncoder, damping: float
) -> RowEncoder:
    """An expert's encoder: with the feedback of the tokens that it saw, or ``plain`` where these are too few."""
    if not inputs.knows(expert):
        return plain
    moments = inputs.moments(expert)
    feedback = feedback_in_place(moments, np.diag(moments).copy(), damping)
    return lambda weights, _: encode_with_feedback(weights, to, feedback)
