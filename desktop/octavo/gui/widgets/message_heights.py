"""Where messages lie below each other: heights known or guessed, pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

CHARACTERS_PER_LINE = 90
LINE_PIXELS = 25
FRAME_PIXELS = 40


def guessed_height(text: str) -> int:
    """About how high a message will be, pixels."""
    lines = len(text) // CHARACTERS_PER_LINE + text.count("\n") + 1
    return lines * LINE_PIXELS + FRAME_PIXELS


def tops(heights: Sequence[int], top: int, gap: int) -> list[int]:
    """Where each message begins, and where one after the last would, pixels."""
    return list(itertools.accumulate((height + gap for height in heights), initial=top))


def within(heights: Sequence[int], starts: Sequence[int], first: int, last: int) -> list[int]:
    """The messages that show between two heights, pixels."""
    return [
        number
        for number, height in enumerate(heights)
        if starts[number] + height > first and starts[number] < last
    ]
