"""Markdown to pieces, by markdown-it-py: CommonMark with tables, strikethrough and formulas, no HTML, no images.

What is too large or too deep to be drawn in time becomes plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from octavo.gui.markdown.formulas import formula
from octavo.gui.markdown.pieces import Code, Line, Piece, Run, Table

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_CHARACTERS = 200_000
MAX_LINE = 20_000
MAX_LINES = 3_000
MAX_BRACKETS = 1_000
MAX_MARKS = 5_000
MAX_NESTING = 50
MAX_CELLS = 2_000
PLAIN_CHARACTERS = 20_000
PLAIN_LINES = 300
PLAIN_LINE = 1_000
_IN_CODE = ("code_inline", "formula")
SAFE_SCHEMES = ("http://", "https://", "mailto:")


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False, "maxNesting": 2 * MAX_NESTING})
    made.inline.ruler.before("escape", "formula", formula)
    return made.enable(["table", "strikethrough"]).disable("image")


@dataclass(frozen=True)
class Parsed:
    """Pieces by top-level block: ``starts[i]`` is the line on which the block of ``groups[i]`` begins."""

    groups: list[list[Piece]]
    starts: list[int]
    is_plain: bool = False

    @property
    def pieces(self) -> list[Piece]:
        """All pieces in order."""
        return [piece for group in self.groups for piece in group]


def parse(source: str, references: dict[str, Any] | None = None) -> Parsed:  # as markdown-it keeps them
    """Parse ``source``; link targets defined in it are added to ``references``."""
    if _is_too_costly(source):
        return plain(source)
    environment: dict[str, Any] = {"references": references if references is not None else {}}
    tokens = _markdown().parse(source, environment)
    if _is_too_much(tokens):
        return plain(source)
    walker = _Walker()
    groups: list[list[Piece]] = []
    starts: list[int] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0:
            groups.append([])
            starts.append(token.map[0] if token.map else 0)
            walker.pieces = groups[-1]
        walker.take(token)
    return Parsed(groups, starts)


def plain(source: str) -> Parsed:
    """The beginning of ``source`` as it stands, as much as can be laid out in time."""
    lines = [
        line[start : start + PLAIN_LINE]
        for line in source[:PLAIN_CHARACTERS].split("\n")
        for start in range(0, max(len(line), 1), PLAIN_LINE)
    ]
    note = "This message is too long to be formatted; its beginning is shown as plain text. Copying takes all of it."
    text = "\n".join(lines[:PLAIN_LINES])
    return Parsed([[Line((Run(note, italic=True),)), Code(text)]], [0], is_plain=True)


def _is_too_costly(source: str) -> bool:
    """Whether parsing would take too long: the parser's time grows with marks, and squared with brackets."""
    if len(source) > MAX_CHARACTERS or source.count("\n") > MAX_LINES or source.count("[") > MAX_BRACKETS:
        return True
    n_marks = sum(source.count(mark) for mark in "*_~`<&$\\")
    return n_marks > MAX_MARKS or any(len(line) > MAX_LINE for line in source.split("\n"))


def _is_too_much(tokens: Sequence[Token]) -> bool:
    n_cells = 0
    for token in tokens:
        if token.level > MAX_NESTING:
            return True
        n_cells += token.type in ("td_open", "th_open")
        if any(child.level > MAX_NESTING for child in token.children or ()):
            return True
    return n_cells > MAX_CELLS


@dataclass
class _Walker:
    """Walks the tokens of one document and collects pieces."""

    pieces: list[Piece] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)
    marker: str = ""
    quote: int = 0
    level: int = 0
    is_tight: bool = False
    rows: list[tuple[tuple[Run, ...], ...]] | None = None
    cells: list[tuple[Run, ...]] = field(default_factory=list)
    aligns: list[str] = field(default_factory=list)

    def take(self, token: Token) -> None:
        """Take the next token."""
        handler = getattr(self, f"_{token.type}", None)
        if handler is not None:
            handler(token)

    def _inline(self, token: Token) -> None:
        runs = tuple(_runs(token.children or ()))
        if self.rows is not None:
            self.cells.append(runs)
        else:
            self._add(runs)

    def _add(self, runs: tuple[Run, ...]) -> None:
        self.pieces.append(
            Line(
                runs, self.level, len(self.lists), self.marker, self.quote, self.is_tight and bool(self.lists)
            )
        )
        self.marker = ""

    def _paragraph_open(self, token: Token) -> None:
        # A paragraph of a tight list is hidden.
        self.is_tight = token.hidden

    def _heading_open(self, token: Token) -> None:
        self.level = int(token.tag[1])

    def _heading_close(self, token: Token) -> None:
        self.level = 0

    def _hr(self, token: Token) -> None:
        self.pieces.append(Line((), indent=len(self.lists), quote=self.quote, is_rule=True))

    def _blockquote_open(self, token: Token) -> None:
        self.quote += 1

    def _blockquote_close(self, token: Token) -> None:
        self.quote -= 1

    def _bullet_list_open(self, token: Token) -> None:
        self.lists.append(None)

    def _bullet_list_close(self, token: Token) -> None:
        self.lists.pop()

    def _ordered_list_open(self, token: Token) -> None:
        start = token.attrGet("start")
        self.lists.append(int(start) if start is not None else 1)

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, token: Token) -> None:
        number = self.lists[-1]
        if number is None:
            self.marker = "•"
        else:
            self.marker = f"{number}."
            self.lists[-1] = number + 1

    def _list_item_close(self, token: Token) -> None:
        if self.marker:  # an item without a text
            self._add(())

    def _code_block(self, token: Token) -> None:
        self.marker = ""
        words = token.info.split()
        self.pieces.append(Code(token.content.removesuffix("\n"), words[0] if words else ""))

    _fence = _code_block

    def _table_open(self, token: Token) -> None:
        self.rows, self.aligns = [], []

    def _th_open(self, token: Token) -> None:
        style = str(token.attrGet("style") or "")
        self.aligns.append(style.removeprefix("text-align:") or "left")

    def _tr_close(self, token: Token) -> None:
        if self.rows is not None:
            self.rows.append(tuple(self.cells))
        self.cells = []

    def _table_close(self, token: Token) -> None:
        self.pieces.append(Table(tuple(self.rows or ()), tuple(self.aligns)))
        self.rows = None
        self.marker = ""


def _runs(tokens: Iterable[Token]) -> Iterable[Run]:
    """The inline tokens as runs; neighbours of the same style are joined."""
    bold = italic = strike = 0
    link = ""
    last: Run | None = None
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                bold += token.nesting
            case "em_open" | "em_close":
                italic += token.nesting
            case "s_open" | "s_close":
                strike += token.nesting
            case "link_open":
                target = str(token.attrGet("href") or "")
                link = target if target.lower().startswith(SAFE_SCHEMES) else ""
            case "link_close":
                link = ""
            case _:
                text = {"softbreak": " ", "hardbreak": "\u2028"}.get(token.type, token.content)
                run = Run(text, bold > 0, italic > 0, token.type in _IN_CODE, strike > 0, link)
                joined = _joined(last, run)
                if joined is None and last is not None:
                    yield last
                last = joined or run
    if last is not None:
        yield last


def _joined(first: Run | None, second: Run) -> Run | None:
    """Both as one run where their styles agree."""
    if first is None or first.code or second.code:
        return None
    style = (first.bold, first.italic, first.strike, first.link)
    if style != (second.bold, second.italic, second.strike, second.link):
        return None
    return Run(first.text + second.text, *style[:2], False, *style[2:])
