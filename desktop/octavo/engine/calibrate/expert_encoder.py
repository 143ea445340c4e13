"""Rows of stacked experts rounded with error feedback, each expert's with the feedback of the tokens that it saw."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.feedback import Feedback, encode_with_feedback, feedback_in_place
from octavo.engine.calibrate.routed import RoutedInputs
from octavo.engine.quantize.calibration import RowEncoder

Floats = npt.NDArray[np.float32]
# With fewer tokens the moments say more about these tokens than about those to come: the expert is rounded plainly.
FEWEST_TOKENS = 64


class ExpertEncoder:
    """A ``RowEncoder`` for a tensor of stacked experts.

    Parameters
    ----------
    inputs : RoutedInputs
    rows_of_expert : int
    to : BlockType
    plain : RowEncoder
        For experts that saw too few tokens.
    damping : float
    n_kept : int
        How many experts' feedback is kept at once; pieces come nearly in order, from several threads.
    """

    def __init__(
        self,
        inputs: RoutedInputs,
        rows_of_expert: int,
        to: BlockType,
        plain: RowEncoder,
        damping: float,
        n_kept: int,
    ) -> None:
        self._inputs = inputs
        self._rows_of_expert = rows_of_expert
        self._to = to
        self._plain = plain
        self._damping = damping
        self._n_kept = n_kept
        self._known: OrderedDict[int, Future[Feedback | None]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, weights: Floats, first: int) -> npt.NDArray[np.uint8]:
        """Encode rows from ``first`` on, counted over all experts."""
        parts = []
        at, last = first, first + len(weights)
        while at < last:
            expert = at // self._rows_of_expert
            end = min(last, (expert + 1) * self._rows_of_expert)
            rows = np.ascontiguousarray(weights[at - first : end - first])
            feedback = self._feedback(expert)
            if feedback is None:
                parts.append(self._plain(rows, at))
            else:
                parts.append(encode_with_feedback(rows, self._to, feedback))
            at = end
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _feedback(self, expert: int) -> Feedback | None:
        """Found by the first thread that needs it; the others wait."""
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

    def _made(self, expert: int) -> Feedback | None:
        if self._inputs.n_tokens(expert) < FEWEST_TOKENS:
            return None
        moments = self._inputs.moments(expert)
        return feedback_in_place(moments, np.diag(moments).copy(), self._damping)
