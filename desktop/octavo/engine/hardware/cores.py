"""The processor: its name, and how many threads of work it has room for."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path

from octavo.engine.hardware.system_files import file_text

_CPU_INFO = Path("/proc/cpuinfo")
_PROCESSORS = Path("/sys/devices/system/cpu")


def usable_threads() -> int:
    """How many threads are worth starting: physical cores, within affinity and the container's quota."""
    from octavo.engine.hardware.cgroup import cpu_quota

    limits = []
    if hasattr(os, "sched_getaffinity"):
        limits.append(physical_cores(os.sched_getaffinity(0)))
    # The window asks for this first, and psutil takes its time to be imported.
    if not (limits and _PROCESSORS.exists()):
        import psutil

        limits.append(psutil.cpu_count(logical=False) or os.cpu_count() or 1)
    quota = cpu_quota()
    if quota is not None:
        limits.append(quota)
    return max(1, min(limits))


def physical_cores(allowed: Iterable[int], processors: Path = _PROCESSORS) -> int:
    """How many cores these logical processors belong to: two of one core share what computes."""
    cores = set()
    for cpu in allowed:
        siblings = file_text(processors / f"cpu{cpu}" / "topology" / "thread_siblings_list")
        cores.add(siblings or str(cpu))  # where the system does not tell, it is a core of its own
    return len(cores)


def processor_name(cpu_info: Path = _CPU_INFO) -> str:
    """The processor's name as its maker gives it, or the architecture's."""
    for line in file_text(cpu_info).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name" and value.strip():
            return " ".join(value.split())
    return platform.processor() or platform.machine() or "Unknown processor"
