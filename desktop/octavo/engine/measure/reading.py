"""One model reads one window of text, and what it says is kept or scored."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.session import Session
from octavo.engine.measure.divergence import ReferenceWindow, joined, perplexity_scores, scores
from octavo.engine.measure.summary import WindowScores
from octavo.engine.stop import Stop

Floats = npt.NDArray[np.float32]
Targets = npt.NDArray[np.int64]


def n_scored(window: Sequence[int]) -> int:
    """Tokens of a window whose prediction is scored: those after the middle one."""
    return len(window) - 1 - len(window) // 2


class Reader:
    """A loaded model, and how it is run.

    Parameters
    ----------
    session : Session
    threads : Executor
        For what is computed of the logits.
    stop : Stop
        Ends the running step.
    """

    def __init__(self, session: Session, threads: Executor, stop: Stop) -> None:
        self._session = session
        self._threads = threads
        self._stop = stop

    def reference(self, window: Sequence[int]) -> Generator[int, None, ReferenceWindow]:
        """Read a window as the reference; yields the tokens read so far."""
        said = ReferenceWindow.empty(n_scored(window), self._session.shape.n_vocabulary)
        for first, logits, targets in self._rows(window):
            said.take(first, logits, targets, self._threads)
            yield len(window) // 2 + first + len(logits)
        return said

    def scores(
        self, window: Sequence[int], said: ReferenceWindow | None
    ) -> Generator[int, None, WindowScores]:
        """Read a window and score it, against what the reference said if there is one; yields the tokens read."""
        parts = []
        for first, logits, targets in self._rows(window):
            if said is None:
                parts.append(WindowScores(perplexity_scores(logits, targets, self._threads)))
            else:
                parts.append(scores(said, first, logits, targets, self._threads))
            yield len(window) // 2 + first + len(logits)
        return joined(parts)

    def close(self) -> None:
        """End the model's threads; its memory goes with the last reference."""
        self._session.close()

    def _rows(self, window: Sequence[int]) -> Iterator[tuple[int, Floats, Targets]]:
        """Logits of scored tokens, some rows at a time: the first row's number, the rows, what came after each."""
        middle = len(window) // 2
        first = 0
        with self._session.stopped_by(self._stop):
            for logits in self._session.each_logits(window[:-1], middle):
                start = middle + 1 + first
                yield first, logits, np.asarray(window[start : start + len(logits)], np.int64)
                first += len(logits)
