"""Where messages lie below each other: heights known or guessed, pixels."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

CHARACTERS_PER_LINE = 90
LINE_PIXELS = 25
FRAME_PIXELS = 40
TOP, BOTTOM, GAP = 24, 12, 8


def guessed_height(text: str) -> int:
    """About how high a message will be, pixels."""
    lines = len(text) // CHARACTERS_PER_LINE + text.count("\n") + 1
    return lines * LINE_PIXELS + FRAME_PIXELS


class MessageHeights(list[int]):
    """The heights of messages from first to last, pixels."""

    def tops(self) -> list[int]:
        """Where each message begins, and where one after the last would, pixels."""
        return list(itertools.accumulate(map(GAP.__add__, self), initial=TOP))

    def whole(self, starts: Sequence[int]) -> int:
        """How high all of them are together, pixels; ``starts`` are their tops."""
        return starts[-1] - GAP + BOTTOM

    def within(self, starts: Sequence[int], first: int, last: int) -> list[int]:
        """The messages that show between two heights, pixels."""
        # Each message ends a gap before the next one begins.
        begins = bisect_right(starts, first + GAP) - 1
        ends = bisect_left(starts, last, hi=len(self))
        return list(range(max(begins, 0), ends))

    def anchor(self, top: int) -> tuple[int, int]:
        """The first message in a view that begins at ``top``, and how far below its top that is, pixels."""
        starts = self.tops()
        number = next(iter(self.within(starts, top, top + 1)), 0)
        return number, top - starts[number]
