"""Which memories this computer has, and how much of each is free now.

RAM is what this process may still take: the machine's, or its control group's where that is less. A
graphics processor's memory is asked of NVIDIA's NVML and, for AMD, of the kernel (``/sys/class/drm``);
having neither is no error.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_DRM = Path("/sys/class/drm")
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class MemoryPool:
    """One memory.

    Parameters
    ----------
    name : str
        For people: ``Memory``, ``Swap``, or the graphics processor's name.
    kind : str
        ``ram``, ``swap`` or ``vram``.
    total_bytes, free_bytes : int
        Free means: can be taken now without pushing other programs out.
    """

    name: str
    kind: str
    total_bytes: int
    free_bytes: int


def memory_pools() -> list[MemoryPool]:
    """All memories: RAM first, then swap if there is any, then graphics memories."""
    return [main_memory(), *_swap(), *_nvidia(), *amd_pools(_DRM)]


def main_memory() -> MemoryPool:
    """The RAM that this process may use."""
    import psutil

    from octavo.engine.hardware.cgroup import memory_limit

    memory = psutil.virtual_memory()
    total, free = memory.total, memory.available
    limit = memory_limit()
    if limit is not None:
        total, free = min(total, limit[0]), min(free, limit[1])
    return MemoryPool("Memory", "ram", total, free)


def process_rss_bytes() -> int:
    """Resident memory of this process now, bytes."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak_rss_bytes() -> int:
    """The most resident memory that this process has held so far, bytes."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    for line in lines:
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


def _nvidia() -> list[MemoryPool]:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no NVIDIA driver
        return []
    try:
        return [_nvidia_pool(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:  # the driver answers, but has no readable device
        return []
    finally:
        pynvml.nvmlShutdown()


def _nvidia_pool(index: int) -> MemoryPool:
    import pynvml

    device = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(device)
    return MemoryPool(str(pynvml.nvmlDeviceGetName(device)), "vram", int(memory.total), int(memory.free))


def amd_pools(drm: Path) -> list[MemoryPool]:
    """Graphics memories that the kernel's ``amdgpu`` driver shows under ``drm``."""
    pools: list[MemoryPool] = []
    for total_file in sorted(drm.glob("card*/device/mem_info_vram_total")):
        try:
            total = int(total_file.read_text())
            used = int(total_file.with_name("mem_info_vram_used").read_text())
        except (OSError, ValueError):  # the card went away or is asleep
            continue
        pools.append(MemoryPool(f"AMD graphics {len(pools) + 1}", "vram", total, max(0, total - used)))
    return pools
