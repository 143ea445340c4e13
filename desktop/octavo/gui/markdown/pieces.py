"""What markdown becomes: a flat sequence of pieces, each drawn without knowing its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Run:
    """Text in one style; ``link`` is where it leads, or empty."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    strike: bool = False
    link: str = ""


@dataclass(frozen=True)
class Line:
    """A paragraph, heading, list item or rule.

    Parameters
    ----------
    runs : tuple of Run
    level : int
        1 to 6 for a heading, else 0.
    indent : int
        How many lists it stands in.
    marker : str
        ``•`` or ``3.`` for the first line of a list item.
    quote : int
        How many quotes it stands in.
    is_tight : bool
        Whether it stands close to its neighbours.
    is_rule : bool
        A line across.
    is_plain : bool
        A line of plain text, without a gap above it.
    """

    runs: tuple[Run, ...]
    level: int = 0
    indent: int = 0
    marker: str = ""
    quote: int = 0
    is_tight: bool = False
    is_rule: bool = False
    is_plain: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells, the header first; ``aligns`` holds ``left``, ``center`` or ``right`` per column."""

    rows: tuple[tuple[tuple[Run, ...], ...], ...]
    aligns: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """A block of code; ``language`` as the fence names it."""

    text: str
    language: str = ""


Piece: TypeAlias = Line | Table | Code
