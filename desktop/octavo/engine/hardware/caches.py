"""The processor's caches, as the system tells of them.

Source: ``Documentation/ABI/testing/sysfs-devices-system-cpu`` in the kernel's tree.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from octavo.engine.hardware.system_files import file_text

_PROCESSORS = Path("/sys/devices/system/cpu")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
# Where the system does not tell: the largest that desktop processors and Apple's have.
_USUAL_BYTES = 64 << 20


def last_level_cache_bytes(processors: Path = _PROCESSORS) -> int:
    """Bytes of all caches of the last level that this process's processors reach; a usual size where unknown."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    sizes: dict[tuple[int, str], int] = {}
    for cpu in allowed:
        for index in (processors / f"cpu{cpu}" / "cache").glob("index*"):
            level, kind = file_text(index / "level"), file_text(index / "type")
            if level.isdigit() and kind != "Instruction":
                sizes[int(level), file_text(index / "shared_cpu_list")] = _bytes(file_text(index / "size"))
    last = max((level for level, _ in sizes), default=0)
    return sum(size for (level, _), size in sizes.items() if level == last) or _USUAL_BYTES


def _bytes(size: str) -> int:
    """``32768K`` in bytes."""
    match = re.fullmatch(r"(\d+)([KMG]?)", size)
    return int(match[1]) * _UNITS[match[2]] if match else 0
