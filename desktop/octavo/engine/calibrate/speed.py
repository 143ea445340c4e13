"""How fast this computer calibrates, from small pieces of each kind of its work, timed once and remembered."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.encoders.feedback import round_with_feedback, take_over
from octavo.engine.blocks.encoders.int4_range import find_int4_ranges
from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.feedback import Feedback, encode_with_feedback, make_feedback
from octavo.engine.calibrate.int4_feedback import make_coupling, round_groups, scaled_moments
from octavo.engine.calibrate.layers import compile_calibration
from octavo.engine.calibrate.moments import Moments
from octavo.engine.calibrate.sample_layer import SampleLayer
from octavo.engine.hardware.timings import Timings, best_seconds
from octavo.engine.inference.layered import LayeredModel, compile_layered
from octavo.engine.progress import finish

Floats = npt.NDArray[np.float32]
_WINDOW = 512  # attention takes its part only in windows as long as those that run
_SMALL, _LARGE = 512, 1536
_ROWS = 64
_NARROW, _WIDE = 512, 2048


class CalibrationSpeed:
    """Seconds of the processor for one unit of work.

    Parameters
    ----------
    n_threads : int
        That text runs in: they wait for one another in loops, and share the caches.
    """

    def __init__(self, n_threads: int) -> None:
        self._timings = Timings("calibration-speed.json")
        self._n_threads = n_threads

    def forward(self) -> float:
        """To take a token through a weight of a layer, attention included."""

        def timed() -> float:
            finish(compile_calibration())
            sample = SampleLayer()
            with contextlib.closing(LayeredModel(sample, _WINDOW, self._n_threads)) as model:
                model.lend_layer(0)
                hidden = model.embed(np.arange(_WINDOW))
                # Threads that wait for one another make single rounds much too long.
                rounds = (
                    best_seconds(lambda: model.run(0, hidden.copy()), time.process_time) for _ in range(3)
                )
                seconds = min(rounds)
            return seconds / (sample.n_weights * _WINDOW)

        return self._timings.recall(f"forward {_WINDOW} {self._n_threads}", timed)

    def moments(self, columns: int) -> float:
        """To add a token to one second moment; those of many columns leave the nearest caches."""

        def timed(n: int) -> float:
            return self._timings.recall(f"moments {n}", lambda: _moment_seconds(n))

        narrow, wide = timed(_NARROW), timed(_WIDE)
        share = min(max((columns - _NARROW) / (_WIDE - _NARROW), 0.0), 1.0)
        return narrow + share * (wide - narrow)

    def factor(self, columns: int) -> float:
        """To factor moments."""
        return self._cubic("factor", columns, lambda moments: make_feedback(moments, np.diag(moments), 0.1))

    def coupling(self, columns: int) -> float:
        """To scale moments and to prepare them for groups of 4 bits."""

        def work(moments: Floats) -> object:
            return make_coupling(scaled_moments(moments, np.ones(len(moments), np.float32)), 0.1)

        return self._cubic("coupling", columns, work)

    def encode(self, to: BlockType, columns: int) -> float:
        """To encode a row with feedback."""
        return self._square(to.name, columns, lambda n: _feedback_rows(to, n))

    def groups(self, columns: int, group: int) -> float:
        """To round a row to groups of so many weights of 4 bits, knowing the moments."""
        return self._square(f"groups of {group}", columns, lambda n: _group_rows(n, group))

    def _cubic(self, name: str, columns: int, work: Callable[[Floats], object]) -> float:
        """A part that grows with the columns' square, and one with their cube."""

        def timed(n: int) -> float:
            return self._timings.recall(f"{name} {n}", lambda: _timed_moments(n, work))

        small, large = timed(_SMALL), timed(_LARGE)
        cube = max(0.0, (large / _LARGE**2 - small / _SMALL**2) / (_LARGE - _SMALL))
        return columns**2 * (small / _SMALL**2 + cube * max(0, columns - _SMALL))

    def _square(self, name: str, columns: int, timed: Callable[[int], float]) -> float:
        """A part that grows with the columns, and one with their square."""
        narrow = self._timings.recall(f"{name} {_NARROW}", lambda: timed(_NARROW))
        wide = self._timings.recall(f"{name} {_WIDE}", lambda: timed(_WIDE))
        square = max(0.0, (wide / _WIDE - narrow / _NARROW) / (_WIDE - _NARROW))
        return columns * (narrow / _NARROW + square * max(0, columns - _NARROW))

    def keep(self) -> None:
        """Remember what was timed."""
        self._timings.keep()


def _moment_seconds(columns: int) -> float:
    """Seconds for a token and a moment."""
    finish(compile_calibration())
    moments, inputs = Moments(columns), _noise(_WINDOW, columns)
    return best_seconds(lambda: moments.add(inputs), time.thread_time) / (_WINDOW * columns**2)


def _feedback_rows(to: BlockType, columns: int) -> float:
    """Seconds for a row."""
    finish(compile_calibration())
    weights = _noise(_ROWS, columns)
    feedback = Feedback(np.eye(columns, dtype=np.float32), np.ones(columns, np.float32))
    work = best_seconds(lambda: encode_with_feedback(weights, to, feedback), time.thread_time)
    return work / _ROWS


def _group_rows(columns: int, group: int) -> float:
    """Seconds for a row."""
    finish(compile_layered(take_over, round_with_feedback, find_int4_ranges))
    weights = _noise(_ROWS, columns)
    coupling = make_coupling(np.eye(columns, dtype=np.float32), 0.1)
    work = best_seconds(lambda: round_groups(weights, group, coupling, symmetric=False), time.thread_time)
    return work / _ROWS


def _timed_moments(columns: int, work: Callable[[Floats], object]) -> float:
    random = _noise(columns, columns)
    moments = random @ random.T
    return best_seconds(lambda: work(moments), time.thread_time)


def _noise(rows: int, columns: int) -> Floats:
    return np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
