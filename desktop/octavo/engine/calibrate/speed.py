"""How fast this computer calibrates, from small pieces of each kind of its work, timed once and remembered."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import numpy as np

from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.feedback import Feedback, encode_with_feedback, make_feedback
from octavo.engine.calibrate.layers import compile_calibration
from octavo.engine.calibrate.moments import Moments
from octavo.engine.calibrate.sample_layer import SampleLayer
from octavo.engine.hardware.timings import Timings, best_seconds
from octavo.engine.inference.layered import LayeredModel
from octavo.engine.progress import finish

_TOKENS = 128
_COLUMNS = 1024
_FACTORED = 1536
_ROWS = 64
_NARROW, _WIDE = 512, 2048


class CalibrationSpeed:
    """Seconds of one thread's work for one unit of it."""

    def __init__(self) -> None:
        self._timings = Timings("calibration-speed.json")

    def forward(self) -> float:
        """To take a token through a weight of a layer, attention included."""

        def timed() -> float:
            finish(compile_calibration())
            sample = SampleLayer()
            with contextlib.closing(LayeredModel(sample, _TOKENS, 1)) as model:
                model.lend_layer(0)
                hidden = model.embed(np.arange(_TOKENS))
                seconds = best_seconds(lambda: model.run(0, hidden.copy()), time.thread_time)
            return seconds / (sample.n_weights * _TOKENS)

        return self._timings.recall("forward", timed)

    def moments(self) -> float:
        """To add a token to one second moment."""

        def timed() -> float:
            moments = Moments(_COLUMNS)
            inputs = _noise(_TOKENS, _COLUMNS)
            return best_seconds(lambda: moments.add(inputs), time.thread_time) / (_TOKENS * _COLUMNS**2)

        return self._timings.recall("moments", timed)

    def factor(self) -> float:
        """To factor moments, for each of the columns to the third; the library shares it out itself."""

        def timed() -> float:
            random = _noise(_FACTORED, _FACTORED)
            moments = random @ random.T
            importance = np.diag(moments).copy()
            work = best_seconds(lambda: make_feedback(moments, importance, 0.1), time.thread_time)
            return work / _FACTORED**3

        return self._timings.recall("factor", timed)

    def encode(self, to: BlockType, columns: int) -> float:
        """To encode a row: a part that grows with the columns, and one with their square."""
        narrow = self._timings.recall(f"{to.name} {_NARROW}", _timed_rows(to, _NARROW))
        wide = self._timings.recall(f"{to.name} {_WIDE}", _timed_rows(to, _WIDE))
        square = max(0.0, (wide / _WIDE - narrow / _NARROW) / (_WIDE - _NARROW))
        return columns * (narrow / _NARROW + square * max(0, columns - _NARROW))

    def keep(self) -> None:
        """Remember what was timed."""
        self._timings.keep()


def _timed_rows(to: BlockType, columns: int) -> Callable[[], float]:
    def timed() -> float:
        finish(compile_calibration())
        weights = _noise(_ROWS, columns)
        feedback = Feedback(np.eye(columns, dtype=np.float32), np.ones(columns, np.float32))
        work = best_seconds(lambda: encode_with_feedback(weights, to, feedback), time.thread_time)
        return work / _ROWS

    return timed


def _noise(rows: int, columns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
