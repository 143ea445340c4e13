"""How busy other programs keep the processor: what is timed beside them is no measure of the computer."""

from __future__ import annotations

import os


class Bystanders:
    """Counts from its creation on."""

    def __init__(self) -> None:
        self._own, self._busy, self._all = _seconds()

    def share(self) -> float:
        """The share of all processors that other programs have used since; 0 to 1."""
        own, busy, everything = _seconds()
        passed = everything - self._all
        if passed <= 0:
            return 0.0
        return min(1.0, max(0.0, (busy - self._busy - (own - self._own)) / passed))


def _seconds() -> tuple[float, float, float]:
    """Processor seconds of this process and its children, of all programs, and of all processors, idle or not."""
    import psutil

    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # On Linux the time of guests is counted in that of users already.
    twice = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    everything = sum(times) - twice
    own = os.times()
    return own.user + own.system + own.children_user + own.children_system, everything - idle, everything
