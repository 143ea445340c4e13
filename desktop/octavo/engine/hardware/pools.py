"""What a memory is, whoever tells of it."""

from __future__ import annotations

from dataclasses import dataclass


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
