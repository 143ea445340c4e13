"""Memories as the user imagines them: the same computer with more or less of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from octavo.engine.hardware.pools import MemoryPool

_UNITS = {"": 10**9, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def byte_size(text: str) -> int:
    """``16GB``, ``24 GiB``, ``512M`` or ``16`` (GB) in bytes; 0 for an empty text."""
    if not text:
        return 0
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", text, re.IGNORECASE)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no size of memory; write 16GB")
    unit = _UNITS[match[2].upper()]
    if match[3]:
        unit = 1024 ** (" KMGT".index(match[2].upper()) or 3)
    return int(float(match[1]) * unit)


def imagined_pools(pools: Sequence[MemoryPool], *, ram: int, vram: int) -> list[MemoryPool]:
    """The pools with another size of memory, of which other programs hold what they hold now, or another card."""
    from octavo.engine.hardware.pools import MemoryPool

    found = list(pools)
    if ram:
        now = next((pool for pool in found if pool.kind == "ram"), None)
        held = now.total_bytes - now.free_bytes if now else 0
        found = [MemoryPool("Memory", "ram", ram, max(0, ram - held))] + [p for p in found if p.kind != "ram"]
    if vram:
        found = [p for p in found if p.kind != "vram"] + [MemoryPool("Graphics card", "vram", vram, vram)]
    return found
