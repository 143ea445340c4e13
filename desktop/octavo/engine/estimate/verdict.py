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
    needs = f"Needs {readable_bytes(total_bytes)}, {readable_bytes(available_bytes)} free"
    held = f", which hold {readable_bytes(held_bytes)}," if held_bytes else ""
    if total_bytes <= RUNS_WELL_SHARE * available_bytes:
        return Verdict("runs well", f"{needs}.")
    if total_bytes <= FITS_SHARE * available_bytes:
        others = f"use {' or '.join(ways_out)}" if ways_out else "choose a shorter context"
        comma = "" if held else ","
        return Verdict("tight", f"{needs}: close other programs{held}{comma} or {others}.")
    if ways_out:
        told = f" Other programs hold {readable_bytes(held_bytes)}." if held_bytes else ""
        return Verdict("too large", f"{needs}: use {' or '.join(ways_out)}.{told}")
    if held_bytes and total_bytes > FITS_SHARE * (available_bytes + held_bytes):
        return Verdict("too large", f"{needs}: more than this computer has. Choose a smaller model.")
    comma = "" if held else ","
    return Verdict("too large", f"{needs}: close other programs{held}{comma} or choose a smaller model.")


def readable_bytes(n_bytes: float) -> str:
    """``9.1 GB``, ``21.0 GB``, ``611 MB``: decimal units, a decimal below 100, so that figures line up."""
    value = float(n_bytes)
    for unit in _UNITS:
        if abs(value) < 999.5:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def readable_tokens(n_tokens: int) -> str:
    """``8k``, ``512``: contexts as people name them."""
    return f"{n_tokens // 1024}k" if n_tokens >= 1024 and n_tokens % 1024 == 0 else f"{n_tokens}"
