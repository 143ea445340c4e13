"""How fast this computer reads its memory: probed once in a fraction of a second, then remembered."""

from __future__ import annotations

import json
import time
from pathlib import Path

from octavo.engine.folders import cache_folder
from octavo.engine.hardware.cores import processor_name, usable_threads
from octavo.engine.hardware.memory import main_memory

# Larger than a desktop processor's caches, small enough to fill in a moment.
_PROBE_BYTES = 128 * 1024 * 1024
_SECONDS = 0.3


def read_bandwidth(n_threads: int = 0) -> float:
    """Bytes per second that ``n_threads`` (0: all usable) read together; probes if it is not known yet."""
    known = known_bandwidth(n_threads)
    if known:
        return known
    measured = probe_bandwidth(n_threads)
    _memo_file().write_text(json.dumps({"machine": _machine(n_threads), "bytes_per_second": measured}))
    return measured


def known_bandwidth(n_threads: int = 0) -> float:
    """What an earlier probe of this computer found; 0.0 without one."""
    try:
        memo = json.loads(_memo_file().read_text())
        return float(memo["bytes_per_second"]) if memo["machine"] == _machine(n_threads) else 0.0
    except (OSError, ValueError, KeyError, TypeError):  # never probed, or the memo is damaged
        return 0.0


def probe_bandwidth(n_threads: int = 0, n_bytes: int = _PROBE_BYTES, seconds: float = _SECONDS) -> float:
    """Read a block of memory in as many threads as are usable, again and again; bytes per second.

    The best round counts: whatever else the computer does can only slow a round down.
    """
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    n_threads = n_threads or usable_threads()
    size = max(1 << 20, min(n_bytes, main_memory().free_bytes // 8)) // n_threads
    parts = [np.ones(size, np.uint8) for _ in range(n_threads)]
    best = 0.0
    with ThreadPoolExecutor(n_threads) as pool:
        ends = time.perf_counter() + seconds
        while True:
            started = time.perf_counter()
            # The maximum of bytes is one load and one operation per vector: bound by memory, not arithmetic.
            list(pool.map(np.max, parts))
            ended = time.perf_counter()
            best = max(best, size * n_threads / (ended - started))
            if ended >= ends:
                return best


def _machine(n_threads: int) -> str:
    return f"{processor_name()}, {n_threads or usable_threads()} threads"


def _memo_file() -> Path:
    return cache_folder() / "bandwidth.json"
