"""How fast this computer runs Python itself: what imports and the reading of a header wait for."""

from __future__ import annotations

import statistics
import time

USUAL_SECONDS = 0.0142
"""What ``interpreter_seconds`` gave where the constants that are scaled by it were measured."""

_N_ENTRIES, _N_ROUNDS = 40_000, 7


def interpreter_seconds() -> float:
    """Seconds of a fixed piece of work as a tokenizer's vocabulary causes it: texts made, kept and found again.

    Of this thread's own time on a processor: beside busy programs the clock told seven times as much (measured).
    """
    seconds = []
    for _ in range(_N_ROUNDS):
        started = time.thread_time()
        known = {f"token {number}": number for number in range(_N_ENTRIES)}
        sum(known[f"token {number}"] for number in range(0, _N_ENTRIES, 2))
        seconds.append(time.thread_time() - started)
    return statistics.median(seconds)
