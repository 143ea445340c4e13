"""What a memory is, whoever tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


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
    own_bytes : int
        What this process itself holds of the rest, where that is known.
    """

    name: str
    kind: str
    total_bytes: int
    free_bytes: int
    own_bytes: int = field(default=0, compare=False)

    @property
    def held_by_others_bytes(self) -> int:
        """What other programs hold."""
        return max(0, self.total_bytes - self.free_bytes - self.own_bytes)


def imagined_pools(
    pools: Sequence[MemoryPool], *, ram: int = 0, vram: Sequence[int] = ()
) -> list[MemoryPool]:
    """The same computer with another size of memory, of which other programs hold what they hold now.

    Parameters
    ----------
    ram : int
        Bytes of the main memory; 0 leaves it as it is.
    vram : sequence of int
        Bytes of each graphics card, in place of all that there are; none leaves them.
    """
    found = list(pools)
    if ram:
        now = next((pool for pool in found if pool.kind == "ram"), None)
        now = now or MemoryPool("Memory", "ram", 0, 0)
        free = max(0, ram - (now.total_bytes - now.free_bytes))
        imagined = MemoryPool("Memory", "ram", ram, free, own_bytes=now.own_bytes if free else 0)
        found = [imagined, *(p for p in found if p.kind != "ram")]
    if vram:
        names = [f"Graphics card {n + 1}" if len(vram) > 1 else "Graphics card" for n in range(len(vram))]
        cards = [MemoryPool(name, "vram", size, size) for name, size in zip(names, vram, strict=True)]
        found = [p for p in found if p.kind != "vram"] + cards
    return found
