"""How long small pieces of work take on this computer: timed once and remembered, so that forecasts do not waver."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from octavo import __version__
from octavo.engine.folders import recall, remember
from octavo.engine.hardware.cores import processor_name
from octavo.engine.simd.tier import active_tier

_ROUNDS = 3
_NEWEST, _SECONDS_BETWEEN = 3, 20


class Timings:
    """Seconds by name, of this computer, its instruction set and this version of Octavo.

    Parameters
    ----------
    file_name : str
        In the cache folder.
    """

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._machine = f"{processor_name()}, {active_tier().name}, {__version__}"
        self._known = self._read()
        self._is_new = False

    def recall(self, name: str, timed: Callable[[], float]) -> float:
        """What was timed before under this name, else what ``timed`` gives now."""
        if name not in self._known:
            self._known[name] = timed()
            self._is_new = True
        return self._known[name]

    def recall_lately(self, name: str, timed: Callable[[], float]) -> float:
        """The median of the newest few, each taken some time after the one before.

        For what this computer does at changing speed, for seconds or minutes: one moment would be remembered for ever.
        """
        names = [f"{name}, newest {place}" for place in range(_NEWEST)]
        when, now = f"{name}, taken", time.time()
        known = [self._known[each] for each in names if each in self._known]
        if not known or abs(now - self._known.get(when, 0.0)) >= _SECONDS_BETWEEN:
            known = [timed(), *known][:_NEWEST]
            self._known |= dict(zip(names, known, strict=False)) | {when: now}
            self._is_new = True
        return statistics.median(known)

    def keep(self) -> None:
        """Remember what was timed."""
        if not self._is_new:
            return
        remember(self._file_name, {"machine": self._machine, "seconds": self._known})
        self._is_new = False

    def _read(self) -> dict[str, float]:
        memo = recall(self._file_name)
        try:
            known = memo["seconds"] if memo["machine"] == self._machine else {}
            return {str(name): float(seconds) for name, seconds in known.items()}
        except (ValueError, KeyError, TypeError, AttributeError):  # never timed, or damaged
            return {}


def best_seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the quickest of a few rounds: whatever else the computer does can only slow a round down.

    Parameters
    ----------
    clock : callable
        ``time.thread_time`` where the work is one thread's and never waits: other programs then count least.
    """
    work()  # compiles, and fills caches
    best = float("inf")
    for _ in range(_ROUNDS):
        started = clock()
        work()
        best = min(best, clock() - started)
    return best
