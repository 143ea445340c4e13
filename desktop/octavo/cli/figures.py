"""Figures as people read them; kB, MB and GB are powers of 1000, as disks and file managers count."""

from __future__ import annotations

from octavo.engine.estimate.verdict import readable_bytes


def size(n_bytes: float) -> str:
    """``98.4 MB``, as the engine's own sentences tell sizes."""
    return readable_bytes(n_bytes)


def count(n: int) -> str:
    """``49,152``."""
    return f"{n:,}"


def parameters(n: int) -> str:
    """``135 M``."""
    for unit, weight in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if n >= weight:
            value = n / weight
            return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"
    return str(n)


def seconds(duration: float) -> str:
    """``0.84 s``, ``12 s``, ``3 min 20 s``."""
    if duration < 10:
        return f"{duration:.2f} s"
    if duration < 99.5:
        return f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s"


def roughly(duration: float) -> str:
    """A forecast, no more exact than it can be: ``less than 1 s``, ``12 s``, ``7 min``, ``2 h 5 min``."""
    whole = round(duration)
    if whole < 1:
        return "less than 1 s"
    if whole < 120:
        return f"{whole} s"
    minutes = round(duration / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def speed(tokens_per_second: float) -> str:
    """``38.2 tokens/s``, ``0.07 tokens/s``."""
    if tokens_per_second >= 99.95:
        return f"{tokens_per_second:,.0f} tokens/s"
    return f"{tokens_per_second:.{1 if tokens_per_second >= 0.95 else 2}f} tokens/s"
