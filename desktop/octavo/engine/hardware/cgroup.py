"""The limits that a container puts on this process: Linux control groups, version 1 and 2.

See ``Documentation/admin-guide/cgroup-v2.rst`` and ``cgroup-v1/memory.rst`` in the kernel's source. A limit
of any group from the process's own up to the root binds, so the least counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from octavo.engine.hardware.system_files import file_number, file_text

_MOUNT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
# Version 1 writes "no limit" as the greatest multiple of a page in 63 bits.
_UNLIMITED = 1 << 62
_LISTS = ("inactive", "active")


def memory_limit(mount: Path = _MOUNT, membership: Path = _MEMBERSHIP) -> tuple[int, int] | None:
    """The tightest memory limit: bytes allowed, and bytes of it still free; None without a limit.

    File pages that the kernel can drop count as free: also those that it holds for active, as a file that was read
    twice is. ``memory.high`` stops nobody, but who is above it hardly gets on, so that it counts as a limit.
    """
    bounds = [
        *_bounds(_groups(mount, membership, ""), ("memory.max", "memory.high"), "memory.current", ""),
        *_bounds(
            _groups(mount / "memory", membership, "memory"),
            ("memory.limit_in_bytes",),
            "memory.usage_in_bytes",
            "total_",
        ),
    ]
    if not bounds:
        return None
    return min(limit for limit, _ in bounds), min(free for _, free in bounds)


def cpu_quota(mount: Path = _MOUNT, membership: Path = _MEMBERSHIP) -> int | None:
    """Whole processors that the group's time allows, at least 1; None without a limit."""
    shares = []
    for group in _groups(mount, membership, ""):
        words = file_text(group / "cpu.max").split()
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
            shares.append(int(words[0]) / int(words[1]))
    for group in _groups(mount / "cpu", membership, "cpu"):
        quota, period = file_number(group / "cpu.cfs_quota_us"), file_number(group / "cpu.cfs_period_us")
        if quota is not None and quota > 0 and period:
            shares.append(quota / period)
    return max(1, math.floor(min(shares))) if shares else None


def _groups(mount: Path, membership: Path, controller: str) -> Iterator[Path]:
    """The process's own group and those above it, as folders; version 2 has an empty controller."""
    for line in file_text(membership).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        mine = controller in controllers.split(",") if controller else number == "0"
        if mine:
            inside = Path(path.lstrip("/"))
            if ".." not in inside.parts:
                yield from (mount / each for each in (inside, *inside.parents))
            return
    yield mount


def _bounds(
    groups: Iterator[Path], limit_files: Sequence[str], usage_file: str, prefix: str
) -> list[tuple[int, int]]:
    """Limit and free bytes of every group that has a limit; statistics of it and those below have the prefix."""
    bounds = []
    for group in groups:
        numbers = [file_number(group / each) for each in limit_files]
        limit = min((each for each in numbers if each is not None), default=_UNLIMITED)
        if limit < _UNLIMITED:
            files = sum(_statistic(group / "memory.stat", f"{prefix}{kind}_file") for kind in _LISTS)
            held = (file_number(group / usage_file) or 0) - files
            bounds.append((limit, min(limit, max(0, limit - held))))
    return bounds


def _statistic(file: Path, key: str) -> int:
    for line in file_text(file).splitlines():
        name, _, value = line.partition(" ")
        if name == key and value.strip().isdigit():
            return int(value)
    return 0
