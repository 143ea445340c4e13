"""Whether something fits, in one of three words and one sentence with figures and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RUNS_WELL_SHARE = 0.75
"""Up to this share of the free memory, other programs keep room to breathe."""
FITS_SHARE = 0.90
"""Beyond this share of the free memory, loading is refused."""

_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@dataclass(frozen=True)
class Verdict:
    """``name`` is ``runs well``, ``tight`` or ``too large``; ``sentence`` says why."""

    name: str
    sentence: str


def verdict(total_bytes: int, available_bytes: int, ways_out: Sequence[str] = ()) -> Verdict:
    """Weigh what is needed against what is free.

    Parameters
    ----------
    ways_out : sequence of str
        What would fit instead, for example ``8k context (6.1 GB)``; said when it is too large.
    """
    needs = f"Needs {readable_bytes(total_bytes)}, {readable_bytes(available_bytes)} free"
    if total_bytes <= RUNS_WELL_SHARE * available_bytes:
        return Verdict("runs well", f"{needs}.")
    if total_bytes <= FITS_SHARE * available_bytes:
        return Verdict("tight", f"{needs}: close other programs, or choose a shorter context.")
    if ways_out:
        return Verdict("too large", f"{needs}: use {' or '.join(ways_out)}.")
    return Verdict("too large", f"{needs}: close other programs, or choose a smaller model.")


def readable_bytes(n_bytes: int) -> str:
    """``9.1 GB``, ``611 MB``: decimal units, two or three figures."""
    for size, unit in _UNITS:
        if n_bytes >= size:
            amount = n_bytes / size
            return f"{amount:.1f} {unit}" if amount < 9.95 or unit in ("GB", "TB") else f"{amount:.0f} {unit}"
    return f"{n_bytes} bytes"


def readable_tokens(n_tokens: int) -> str:
    """``8k``, ``512``: contexts as people name them."""
    return f"{n_tokens // 1024}k" if n_tokens >= 1024 and n_tokens % 1024 == 0 else f"{n_tokens}"
