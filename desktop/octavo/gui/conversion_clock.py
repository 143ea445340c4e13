"""How far a conversion is in time: writing goes by bytes, calibrating goes from tensor to tensor."""

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
        # When a layer was last over, seconds and share of the work, and whether one is being calibrated.
        self._mark: tuple[float, float] | None = None
        self._is_amid_layer = False

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
        # What an earlier process wrote took this one no time.
        since = self._share(event, n_bytes / max(event.total - first, 1))
        forecast = self._calibrating + self._writing * (1 - first / max(event.total, 1))
        if self._calibrating:
            self._watch_layers(event, since, seconds)
            left = self._left_by_layers(forecast, seconds)
            return Pace(since, event.label, event.step, event.n_steps, 0.0, left)
        left = _left(since, seconds, forecast)
        rate = n_bytes / seconds if seconds >= EARLY_SECONDS else 0.0
        return Pace(written, event.label, event.step, event.n_steps, rate, left)

    def _share(self, event: Progressed, written: float) -> float:
        """The share of all work that is done."""
        if not self._calibrating:
            return written
        calibrated = (event.step - 1) / event.n_steps
        both = self._calibrating + self._writing
        return (self._calibrating * calibrated + self._writing * written) / both

    def _watch_layers(self, event: Progressed, share: float, seconds: float) -> None:
        """Note the moments at which a layer's calibration is over and all of it is written."""
        is_calibration = " " in event.label  # not a tensor's name
        if is_calibration and not self._is_amid_layer and self._mark is not None:
            self._mark = (seconds, share)
        elif is_calibration and self._mark is None:
            self._mark = (0.0, 0.0)
        self._is_amid_layer = is_calibration

    def _left_by_layers(self, forecast: float, seconds: float) -> float | None:
        """Counted from the last whole layer: within one there is no telling how far it is."""
        at, share = self._mark or (0.0, 0.0)
        left = _left(share, at, forecast)
        if left is None:
            return None
        still = left - (seconds - at)
        return still if still > 0 else None


def _left(share: float, seconds: float, forecast: float) -> float | None:
    """The forecast at first, then more and more what the pace so far says; None where neither says anything."""
    is_measured = share > 0 and seconds >= EARLY_SECONDS
    measured = seconds * (1 - share) / share if is_measured else None
    if not forecast:
        return measured
    expected = max(forecast - seconds, 0.0)
    if measured is None:
        return expected
    trust = min(share / TRUSTED_SHARE, 1.0)
    return trust * measured + (1 - trust) * expected
