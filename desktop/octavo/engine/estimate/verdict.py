"""Whether something fits, in one of three words and one sentence with figures and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RUNS_WELL_SHARE = 0.75
"""Up to this share of the free memory, other programs keep room to breathe."""
FITS_SHARE = 0.90
"""Beyond this share of the free memory, loading is refused."""

_UNITS = ("bytes", "kB", "MB", "GB")


@dataclass(frozen=True)
class Verdict:
    """``name`` is ``runs well``, ``tight`` or ``too large``; ``sentence`` says why."""

    name: str
    sentence: str


def verdict(
    total_bytes: int, available_bytes: int, ways_out: Sequence[str] = (), held_bytes: int = 0
) -> Verdict:
    """Weigh what is needed against what is free.

    Parameters
    ----------
    ways_out : sequence of str
        What would do better instead, for example ``8k context (6.1 GB)``; said unless it runs well.
    held_bytes : int
        What other programs hold; 0 says nothing of them.
    """
    needed, free = told_apart(total_bytes, available_bytes)
    needs = f"Needs {needed}, {free} free"
    if total_bytes <= RUNS_WELL_SHARE * available_bytes:
        return Verdict("runs well", f"{needs}.")
    is_tight = total_bytes <= FITS_SHARE * available_bytes
    share = RUNS_WELL_SHARE if is_tight else FITS_SHARE
    would_closing_help = not held_bytes or total_bytes <= share * (available_bytes + held_bytes)
    others = f"use {' or '.join(ways_out)}" if ways_out else "choose a smaller model"
    if is_tight and not would_closing_help:
        return Verdict("tight", f"{needs}: it fits, with little room to breathe. For more, {others}.")
    if ways_out and not is_tight:
        told = f" Other programs hold {readable_bytes(held_bytes)}." if held_bytes else ""
        return Verdict("too large", f"{needs}: {others}.{told}")
    if not would_closing_help:
        return Verdict("too large", f"{needs}: more than this computer has. Choose a smaller model.")
    held = f", which hold {readable_bytes(held_bytes)}," if held_bytes else ","
    name = "tight" if is_tight else "too large"
    return Verdict(name, f"{needs}: close other programs{held} or {others}.")


def readable_bytes(n_bytes: float) -> str:
    """``9.1 GB``, ``21.0 GB``, ``611 MB``: decimal units, a decimal below 100, so that figures line up."""
    value = float(n_bytes)
    for unit in _UNITS:
        if abs(value) < 999.5:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def told_apart(needed_bytes: int, free_bytes: int) -> tuple[str, str]:
    """Both readable, with as many figures as it takes to tell which is more: ``1.68 MB``, ``1.66 MB``."""
    needed, free = readable_bytes(needed_bytes), readable_bytes(free_bytes)
    if needed != free or needed_bytes == free_bytes:
        return needed, free
    unit = needed.rpartition(" ")[2]
    size = 1000 ** _UNITS.index(unit)
    for decimals in range(1, 3 * _UNITS.index(unit)):
        needed, free = (f"{each / size:.{decimals}f} {unit}" for each in (needed_bytes, free_bytes))
        if needed != free:
            return needed, free
    return f"{needed_bytes:,} bytes", f"{free_bytes:,} bytes"


def readable_tokens(n_tokens: int) -> str:
    """``8k``, ``4,352``, ``512``: contexts as people name them."""
    return f"{n_tokens // 1024}k" if n_tokens >= 1024 and n_tokens % 1024 == 0 else f"{n_tokens:,}"
