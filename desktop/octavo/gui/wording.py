"""Figures as people read them: sizes, counts, times. GB is 10^9 bytes, everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from octavo.engine.estimate.verdict import readable_bytes


def byte_count(n_bytes: float) -> str:
    """``2.0 GB``, ``21.0 GB``, ``611 MB``: as the engine's own sentences tell sizes."""
    return readable_bytes(n_bytes)


def byte_mark(n_bytes: float) -> str:
    """The same on the axis of a chart: ``75 GB`` where nothing follows the point, ``0`` for nothing."""
    return byte_count(n_bytes).replace(".0 ", " ") if n_bytes else "0"


def figure(n_bytes: float, whole_bytes: float) -> str:
    """``n_bytes`` without a unit, in the unit of ``whole_bytes``: ``0.9`` of 3.1 GB, ``12.0`` of 410 MB."""
    value = n_bytes / (1e9 if whole_bytes >= 999.5e6 else 1e6)
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def gigabytes(n_bytes: float) -> str:
    """``2.0``, or ``0.02`` where one decimal would say nothing."""
    value = n_bytes / 1e9
    return f"{value:.1f}" if value >= 0.1 else f"{value:.2f}"


def count(n: int) -> str:
    """``128,256``."""
    return f"{n:,}"


def parameters(n: int) -> str:
    """``3.2B`` parameters, ``135M`` parameters."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if n >= size:
            value = n / size
            return f"{value:.1f}{unit}" if value < 99.5 and unit != "K" else f"{value:.0f}{unit}"
    return str(n)


def context(n_tokens: int) -> str:
    """``8K`` for 8,192 tokens, ``512`` for 512."""
    if n_tokens >= 1024:
        value = n_tokens / 1024
        return f"{value:.0f}K" if value == int(value) or value >= 10 else f"{value:.1f}K"
    return str(n_tokens)


def duration(seconds: float) -> str:
    """``1 min 12 s``, ``3 s``, ``2 h 5 min``."""
    whole = max(round(seconds), 0)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    if whole >= 60:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole} s" if whole else "under 1 s"


def roughly(seconds: float) -> str:
    """A forecast, no more exact than it can be: ``≈7 min``, ``≈1 min 5 s``, ``≈12 s``."""
    if round(seconds) < 1:
        return duration(seconds)
    if 60 <= seconds < 120:
        seconds = 5 * round(seconds / 5)
    if 120 <= seconds < 3600:
        return f"≈{round(seconds / 60)} min"
    return f"≈{duration(seconds)}"


def speed(tokens_per_second: float) -> str:
    """``14 tok/s``, with a decimal under ten."""
    return f"{tokens_per_second:.1f} tok/s" if tokens_per_second < 9.95 else f"{tokens_per_second:,.0f} tok/s"


def first_word(seconds: float) -> str:
    """How long somebody waited for it."""
    return f"first word after {seconds:.1f} s" if seconds >= 0.05 else "first word at once"


def likely_speed(tokens_per_second: float | None) -> str:
    """An estimate of speed; far above reading speed its figure would only look exact."""
    if not tokens_per_second:
        return ""
    return f"≈{speed(tokens_per_second)}" if tokens_per_second <= 100 else ">100 tok/s"


def day(moment: datetime, now: datetime) -> str:
    """The heading under which a chat of ``moment`` is listed."""
    age = now.date() - moment.date()
    if age <= timedelta(0):
        return "Today"
    if age == timedelta(days=1):
        return "Yesterday"
    if age < timedelta(days=7):
        return "This week"
    return moment.strftime("%B %Y")


def moment(when: datetime, now: datetime) -> str:
    """``Today, 09:12`` or ``3 May 2026``."""
    if when.date() == now.date():
        return f"Today, {when:%H:%M}"
    if now.date() - when.date() == timedelta(days=1):
        return f"Yesterday, {when:%H:%M}"
    return f"{when.day} {when:%B %Y}"


def file_name(path: str) -> str:
    """The last part of a path."""
    return Path(path).name or path


def listed(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def graphics_cards(names: Sequence[str]) -> str:
    """``no GPU``, the name of the one there is, or ``2 GPUs``."""
    if len(names) > 1:
        return f"{len(names)} GPUs"
    return names[0] if names else "no GPU"
