"""Which memories this computer has, and how much of each is free now.

RAM is what this process may still take: the machine's, or its control group's where that is less.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from octavo.engine.hardware.graphics import graphics_pools
from octavo.engine.hardware.latest import Latest
from octavo.engine.hardware.pools import MemoryPool as MemoryPool
from octavo.engine.hardware.system_files import file_text

_DRM = Path("/sys/class/drm")
_STATUS = Path("/proc/self/status")
# A driver that is awake answers within 0.1 ms a device; the window must not stall for one that is not.
_SECONDS_FOR_GRAPHICS = 0.005


def memory_pools() -> list[MemoryPool]:
    """All memories: RAM first, then swap if there is any, then graphics memories.

    Quick, as it is asked every second: graphics memories are those of the last look where a driver is slow.
    """
    return [main_memory(), *_swap(), *_graphics().newest(_SECONDS_FOR_GRAPHICS)]


def wait_for_graphics(seconds: float) -> bool:
    """Wait until the drivers of graphics cards have told their memories once; whether they have.

    Starting NVIDIA's takes up to seconds where no other program holds it.
    """
    latest = _graphics()
    if not latest.is_known:
        latest.newest(seconds)
    return latest.is_known


@cache  # one question at a time, for the process's life
def _graphics() -> Latest[list[MemoryPool]]:
    return Latest(lambda: graphics_pools(_DRM), [])


def main_memory() -> MemoryPool:
    """The RAM that this process may use."""
    import psutil

    from octavo.engine.hardware.cgroup import memory_limit

    memory = psutil.virtual_memory()
    total, free = memory.total, memory.available
    name, limit = "Memory", memory_limit()
    if limit is not None:
        name = "Memory (this container's limit)" if limit[0] < total else name
        total, free = min(total, limit[0]), min(free, limit[1])
    return MemoryPool(name, "ram", total, free, own_bytes=min(_own_bytes(), total - free))


def _own_bytes() -> int:
    """What this process holds and nobody shares: pages of files count as free."""
    import psutil

    memory = psutil.Process().memory_info()
    return max(0, int(memory.rss) - int(getattr(memory, "shared", 0)))


def process_rss_bytes() -> int:
    """Resident memory of this process now, bytes."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak_rss_bytes() -> int:
    """The most resident memory that this process has held so far, bytes."""
    for line in file_text(_STATUS).splitlines():
        # Unlike getrusage, this does not count what the parent held before it started this program.
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    import psutil

    memory = psutil.Process().memory_info()
    return int(getattr(memory, "peak_wset", memory.rss))


def _swap() -> list[MemoryPool]:
    import psutil

    try:
        swap = psutil.swap_memory()
    except (OSError, RuntimeError):  # no /proc/vmstat in some containers
        return []
    return [MemoryPool("Swap", "swap", swap.total, swap.free)] if swap.total else []
