"""Markdown that is parsed while it arrives, at a cost that does not grow with its length.

A top-level block is closed for good as soon as a later one begins on a whole line; closed blocks are never
parsed again. Only the rest is, at every step.
"""

from __future__ import annotations

import itertools
from typing import Any

from octavo.gui.markdown.clean_text import TextCleaner
from octavo.gui.markdown.parser import MAX_CHARACTERS, Parsed, parse, plain
from octavo.gui.markdown.pieces import Piece

# An unfinished last line that begins so may yet become a fence or a table row.
UNDECIDED = ("`", "~", "|")


class MarkdownStream:
    """The pieces of a text that grows.

    Attributes
    ----------
    source : str
        The clean text so far.
    pieces : list of Piece
        What it looks like as of the last ``step``.
    """

    def __init__(self) -> None:
        self.source = ""
        self.pieces: list[Piece] = []
        self._cleaner = TextCleaner()
        self._stable = 0
        self._n_stable = 0
        self._references: dict[str, Any] = {}  # as markdown-it keeps them
        self._is_plain = False

    def feed(self, text: str) -> None:
        """Take more text; nothing is parsed yet."""
        self.source += self._cleaner.feed(text)

    def step(self, *, is_end: bool = False) -> int:
        """Parse what is open; return the number of leading pieces that are as they were."""
        if is_end:
            self.source += self._cleaner.flush()
        if self._is_plain or len(self.source) > MAX_CHARACTERS:
            return self._replace(0, plain(self.source).pieces)
        rest = self.source[self._stable :]
        if not is_end:
            rest = _decided(rest)
        references = dict(self._references)
        parsed = parse(rest, references)
        if parsed.is_plain:
            self._is_plain = True
            return self._replace(0, plain(self.source).pieces)
        kept = self._replace(self._n_stable, parsed.pieces)
        self._close(rest, parsed)
        if is_end and "]:" in self.source:
            # A target defined late changes links above it.
            kept = min(kept, self._replace(0, parse(self.source).pieces))
        return kept

    def _replace(self, first: int, pieces: list[Piece]) -> int:
        """Put ``pieces`` where those from ``first`` on were; return how many are unchanged."""
        old = self.pieces[first:]
        same = sum(
            1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, pieces, strict=False))
        )
        self.pieces[first + same :] = pieces[same:]
        return first + same

    def _close(self, rest: str, parsed: Parsed) -> None:
        """Move on past the blocks that nothing can change any more."""
        n_whole_lines = rest.count("\n")
        n_closed = max(
            (number for number, line in enumerate(parsed.starts) if line < n_whole_lines), default=0
        )
        if not n_closed:
            return
        lines = rest.split("\n", parsed.starts[n_closed])
        n_characters = len(rest) - len(lines[-1])
        closed = rest[:n_characters]
        if "]:" in closed:
            parse(closed, self._references)
        self._stable += n_characters
        self._n_stable += sum(len(group) for group in parsed.groups[:n_closed])


def _decided(text: str) -> str:
    """``text`` without an unfinished last line that may yet become something else."""
    start = text.rfind("\n") + 1
    return text[:start] if text[start:].lstrip().startswith(UNDECIDED) else text
