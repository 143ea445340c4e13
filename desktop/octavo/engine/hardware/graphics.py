"""The memories of graphics processors: asked of NVIDIA's NVML, and of the kernel for AMD and Intel.

Sources: NVML's reference; the kernel's ``Documentation/gpu/amdgpu/driver-misc.rst`` (``mem_info_vram_*``) and
``drivers/gpu/drm/xe/xe_tile_sysfs.c`` (``tile*/physical_vram_size_bytes``); Intel's i915 of its own kernels shows
``lmem_total_bytes`` and ``lmem_avail_bytes``. Apple's graphics share the main memory, which is counted once, as RAM;
so is what AMD's processors lend to their graphics (``mem_info_gtt_total``): only what was set aside for them at the
start, and is no part of the RAM any more, counts.
Having no driver is no error; a device that goes away or refuses to tell costs itself alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

from octavo.engine.hardware.pools import MemoryPool
from octavo.engine.hardware.system_files import file_number, file_text

_CARD = "card[0-9]*"


def graphics_pools(drm: Path) -> list[MemoryPool]:
    """All graphics memories; mostly within a millisecond, but a driver may also take seconds."""
    return _told_apart([*nvidia_pools(), *amd_pools(drm), *intel_pools(drm)])


def _told_apart(pools: list[MemoryPool]) -> list[MemoryPool]:
    """Several of one name are numbered, as drivers number them."""
    kinds = Counter(pool.name for pool in pools)
    numbers: Counter[str] = Counter()
    for place, pool in enumerate(pools):
        if kinds[pool.name] > 1:
            numbers[pool.name] += 1
            pools[place] = replace(pool, name=f"{pool.name}, {numbers[pool.name]}")
    return pools


def nvidia_pools() -> list[MemoryPool]:
    """What NVML tells of each device.

    ``free`` is the same in both kinds of its answers. What the driver keeps for itself is ``used`` in the first kind,
    so that used and free are the total; in the second it is ``reserved``.
    """
    import pynvml

    pools = []
    for device in _nvidia_devices():
        try:
            memory = pynvml.nvmlDeviceGetMemoryInfo(device)
            name = str(pynvml.nvmlDeviceGetName(device))
        except pynvml.NVMLError:  # it fell off, or shares the main memory and has none of its own
            continue
        pools.append(MemoryPool(name, "vram", int(memory.total), int(memory.free)))
    return pools


@cache  # starting NVML takes up to seconds where no other program holds the driver
def _nvidia_devices() -> tuple[object, ...]:
    """The handles of all devices; asked for once, for the process's life."""
    import pynvml

    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError:  # no NVIDIA driver, or none that we may ask
        return ()
    devices: list[object] = []
    for number in range(count):
        try:
            device = pynvml.nvmlDeviceGetHandleByIndex(number)
        except pynvml.NVMLError:  # this one alone is locked, or lost
            continue
        devices += _instances(device) or [device]
    return tuple(devices)


def _instances(device: object) -> list[object]:
    """The parts of a device that is divided (MIG): programs run on one of them, never on the whole."""
    import pynvml

    found = []
    try:
        mode, _ = pynvml.nvmlDeviceGetMigMode(device)
        count = pynvml.nvmlDeviceGetMaxMigDeviceCount(device) if mode == pynvml.NVML_DEVICE_MIG_ENABLE else 0
    except pynvml.NVMLError:  # most devices cannot be divided
        return []
    for number in range(count):
        try:
            found.append(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, number))
        except pynvml.NVMLError:  # there are places for more than were made
            continue
    return found


def amd_pools(drm: Path) -> list[MemoryPool]:
    """Graphics memories that the kernel's ``amdgpu`` driver shows under ``drm``."""
    pools: list[MemoryPool] = []
    for total_file in sorted(drm.glob(f"{_CARD}/device/mem_info_vram_total")):
        total = file_number(total_file)
        used = file_number(total_file.with_name("mem_info_vram_used"))
        if not total or used is None:  # the card went away or is asleep
            continue
        name = file_text(total_file.with_name("product_name")) or f"AMD graphics {len(pools) + 1}"
        pools.append(MemoryPool(name, "vram", total, max(0, total - used)))
    return pools


def intel_pools(drm: Path) -> list[MemoryPool]:
    """Graphics memories of Intel's own cards; those built into processors have none.

    The kernel's ``xe`` tells their size only, so all of it counts as free.
    """
    pools: list[MemoryPool] = []
    for card in sorted(drm.glob(_CARD)):
        sizes = [file_number(each) for each in card.glob("device/tile*/physical_vram_size_bytes")]
        total = file_number(card / "lmem_total_bytes") or sum(each or 0 for each in sizes)
        if total:
            free = file_number(card / "lmem_avail_bytes")
            name = f"Intel graphics {len(pools) + 1}"
            pools.append(MemoryPool(name, "vram", total, total if free is None else min(free, total)))
    return pools
