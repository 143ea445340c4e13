"""How long something will still take, by how fast it has gone so far."""

from __future__ import annotations

import time

SETTLED_SECONDS = 0.5


class Pace:
    """Watches a count grow."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None
        self._last = 0

    def begin(self) -> None:
        """Something new begins."""
        self._began = None

    def per_second(self, done: int) -> float:
        """How many a second since the first call; 0 while that says little."""
        now = time.monotonic()
        if self._began is None or done < self._last:
            self._began = now, done
        self._last = done
        started, first = self._began
        return (done - first) / (now - started) if now - started > SETTLED_SECONDS else 0.0

    def seconds_left(self, done: int, total: int) -> float:
        """Seconds until ``total``; 0 while that is not known."""
        rate = self.per_second(done)
        return (total - done) / rate if rate > 0 else 0.0
