"""How far a conversion is in time: the engine tells the share, in bytes or in the time that was foretold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from octavo.worker.protocol import Forecasted, Progressed

EARLY_SECONDS = 0.5
# From this share of the work on, what has been measured counts alone; before, the forecast counts more and more less.
TRUSTED_SHARE = 0.05


@dataclass(frozen=True)
class Pace:
    """How far a conversion is.

    Parameters
    ----------
    share : float
        0 to 1, of the time that it takes.
    tensor : str
        The one being written, or what is done with it.
    number, n_tensors : int
        Its place among all.
    bytes_per_second : float
        Since the start; 0 while it is too early to say, or where most of the time is spent otherwise.
    seconds_left : float or None
        None while it is too early to say.
    stage : str
        ``convert`` while tensors are written; else what is done before or after in a few words.
    """

    share: float
    tensor: str
    number: int
    n_tensors: int
    bytes_per_second: float
    seconds_left: float | None
    stage: str = "convert"


class ConversionClock:
    """Turns what the engine tells into a pace.

    The clock starts with the first tensor: what comes before is no measure of the rest.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began: tuple[float, int] | None = None
        self._calibrating = self._writing = 0.0

    def expect(self, forecast: Forecasted) -> None:
        """Take the forecast of the seconds for both kinds of work."""
        self._calibrating = forecast.calibration_seconds
        self._writing = max(forecast.seconds - forecast.calibration_seconds, 0.0)

    def pace(self, event: Progressed) -> Pace:
        """How far it is now."""
        written = event.done / event.total if event.total else 0.0
        if event.n_steps == 0 or event.stage != "convert":
            return Pace(written, event.label, 0, 0, 0.0, None, stage=event.stage)
        if self._began is None:
            self._began = (self._now(), event.done)
        began, first = self._began
        seconds, n_bytes = self._now() - began, event.done - first
        # What an earlier process did took this one no time.
        since = n_bytes / max(event.total - first, 1)
        forecast = self._calibrating + self._writing
        left = _left(since, seconds, forecast * (1 - first / max(event.total, 1)))
        is_told_in_bytes = not self._calibrating and seconds >= EARLY_SECONDS
        rate = n_bytes / seconds if is_told_in_bytes else 0.0
        return Pace(written, event.label, event.step, event.n_steps, rate, left)


def _left(share: float, seconds: float, forecast: float) -> float | None:
    """The forecast at first, then more and more what the pace so far says; None where neither says anything."""
    is_measured = share > 0 and seconds >= EARLY_SECONDS
    measured = seconds * (1 - share) / share if is_measured else None
    if not forecast:
        return measured
    expected = forecast - seconds
    if measured is None:
        return expected if expected > 0 else None
    trust = min(share / TRUSTED_SHARE, 1.0)
    return trust * measured + (1 - trust) * max(expected, 0.0)
