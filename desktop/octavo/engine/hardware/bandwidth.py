"""How fast this computer reads blocks of memory, from those that its caches hold to those that they do not.

Probed once in half a second, then remembered. A server's last cache may hold a small model whole, and is read twice
as fast as the memory behind it, so one figure would be wrong for one of the two.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from octavo.engine.folders import recall, remember
from octavo.engine.hardware.caches import last_level_cache_bytes
from octavo.engine.hardware.cores import processor_name, usable_threads
from octavo.engine.hardware.memory import main_memory

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Curve = list[tuple[int, float]]
"""Sizes in bytes, ascending, and bytes per second at each."""

# In parts of the last cache: what it holds, where it gives way, and what is clearly beyond it.
_SIZES = (0.125, 0.375, 0.5, 0.625, 0.75, 1.0, 2.0)
_LEAST_BYTES = 8 << 20
_MOST_BYTES = 1 << 30
_SECONDS = 0.03
_FINE = 1e-6
_MEMO = "bandwidth-3.json"


def read_bandwidth(n_threads: int = 0) -> float:
    """Bytes per second that ``n_threads`` (0: all usable) read together from memory, past the caches."""
    return bandwidth_curve(n_threads)[-1][1]


def bandwidth_curve(n_threads: int = 0, *, again: bool = False) -> Curve:
    """Bytes per second by the size that is read over and over; probes if it is not known yet, or ``again``."""
    n_threads = n_threads or usable_threads()
    curve = [] if again else _known_curve(n_threads)
    if not curve:
        curve = probe_bandwidth(n_threads, _sizes())
        remember(_MEMO, {"machine": _machine(n_threads), "curve": curve})
    return curve


def bandwidth_at(curve: Sequence[tuple[int, float]], n_bytes: float) -> float:
    """Bytes per second for a size, in a straight line between those that were probed."""
    before = curve[0]
    for point in curve:
        if n_bytes <= point[0]:
            span = point[0] - before[0]
            share = (n_bytes - before[0]) / span if span else 1.0
            return before[1] + max(0.0, share) * (point[1] - before[1])
        before = point
    return before[1]


def probe_bandwidth(n_threads: int, sizes: Sequence[int], seconds: float = _SECONDS) -> Curve:
    """Read blocks of these sizes in as many threads, each for ``seconds`` and five times at least.

    The median round counts: the best would be a promise that the computer seldom keeps. Each thread counts the time
    in which it ran, so that a computer busy with other things is not taken for a slow one, and remembered as such.
    """
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    whole = [np.ones(max(sizes) // n_threads, np.uint8) for _ in range(n_threads)]
    curve = []
    with ThreadPoolExecutor(n_threads) as pool:
        for size in sorted(sizes):
            parts = [each[: size // n_threads] for each in whole]
            rounds: list[float] = []
            ends = time.perf_counter() + seconds
            while len(rounds) < 5 or time.perf_counter() < ends:
                rounds.append(sum(pool.map(_reading_speed, parts)))
            curve.append((size, statistics.median(rounds)))
    return curve


def _reading_speed(block: npt.NDArray[np.uint8]) -> float:
    """Bytes per second of one thread that reads ``block``, uint8[n]."""
    import numpy as np

    # Some systems count a thread's own time in steps of 16 ms, too coarse for this.
    clock = time.thread_time if time.get_clock_info("thread_time").resolution < _FINE else time.perf_counter
    started = clock()
    np.max(block)  # of bytes one load and one operation per vector: bound by memory, not arithmetic
    return block.nbytes / max(clock() - started, _FINE)


def _sizes() -> list[int]:
    """What to probe: around the last cache, within an eighth of the free memory."""
    most = max(_LEAST_BYTES, min(_MOST_BYTES, main_memory().free_bytes // 8))
    cache = last_level_cache_bytes()
    return sorted({min(most, max(_LEAST_BYTES, int(share * cache))) for share in _SIZES})


def _known_curve(n_threads: int) -> Curve:
    memo = recall(_MEMO)
    try:
        if memo["machine"] != _machine(n_threads):
            return []
        return sorted((int(size), float(speed)) for size, speed in memo["curve"])
    except (ValueError, KeyError, TypeError):  # never probed, or the memo is damaged
        return []


def _machine(n_threads: int) -> str:
    return f"{processor_name()}, {n_threads} threads"
