"""Sizes of memory as the user writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer

MOST_CARDS = 64
_UNITS = {"": 10**9, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def byte_size(text: str) -> int:
    """``16GB``, ``24 GiB``, ``512M`` or ``16`` (GB) in bytes; 0 for an empty text."""
    if not text:
        return 0
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", text, re.IGNORECASE)
    if match is None or not float(match[1]):
        raise typer.BadParameter(f"{text!r} is no size of memory; write 16GB")
    unit = _UNITS[match[2].upper()]
    if match[3]:
        unit = 1024 ** (" KMGT".index(match[2].upper()) or 3)
    return int(float(match[1]) * unit)


def card_sizes(texts: Sequence[str]) -> list[int]:
    """``24GB`` for one graphics card, ``24GB,8GB`` or ``2x24GB`` for several; in bytes each."""
    sizes = []
    for text in ",".join(texts).split(",") if any(texts) else []:
        count, times, each = text.lower().rpartition("x")
        n_cards = int(count) if count.strip().isdigit() else 1
        if (times and not count.strip().isdigit()) or not each.strip() or not 0 < n_cards <= MOST_CARDS:
            raise typer.BadParameter(f"{text!r} is no size of graphics cards; write 24GB, 24GB,8GB or 2x24GB")
        sizes += [byte_size(each)] * n_cards
    return sizes
