"""Two answers beside each other where there is room for two columns, else one below the other.

The first token that differs stands in double brackets.
"""

from __future__ import annotations

import shutil
from itertools import zip_longest
from typing import TYPE_CHECKING

from octavo.cli.output import print_line
from octavo.cli.terminal_text import safe

if TYPE_CHECKING:
    from octavo.engine.measure.comparison import Answer, Comparison

LEAST_COLUMNS = 72
_BETWEEN = "   "
_ENDS = "[[ends here]]"


def print_side_by_side(found: Comparison, names: tuple[str, str]) -> None:
    """Both answers under their models' names."""
    from rich.cells import cell_len

    whole = shutil.get_terminal_size().columns
    texts = [_marked(each, is_same=found.is_same) for each in (found.first, found.second)]
    if whole < LEAST_COLUMNS:
        for number, (name, text) in enumerate(zip(names, texts, strict=True)):
            for line in [*([""] if number else []), *_wrapped(name, whole), "", *_wrapped(text, whole)]:
                print_line(line)
        return
    width = (whole - len(_BETWEEN)) // 2
    columns = [
        [*heading, "-" * max(map(cell_len, heading)), *_wrapped(text, width)]
        for heading, text in zip((_wrapped(name, width) for name in names), texts, strict=True)
    ]
    for one, other in zip_longest(*columns, fillvalue=""):
        print_line(f"{one}{' ' * (width - cell_len(one))}{_BETWEEN}{other}".rstrip())


def _marked(answer: Answer, *, is_same: bool) -> str:
    """The text with its first different token in brackets."""
    if is_same:
        return safe(answer.text)
    begin, end = answer.same_characters, answer.same_characters + answer.marked_characters
    same, mark, rest = answer.text[:begin], answer.text[begin:end], answer.text[end:]
    if not mark:
        return safe(f"{same} {_ENDS}") if not rest else safe(answer.text)
    blanks = mark[: len(mark) - len(mark.lstrip())]
    shown = mark.strip() or {"\n": "\\n"}.get(mark[:1], "blank")
    ending = "" if mark.strip() else mark
    return safe(f"{same}{blanks if mark.strip() else ''}[[{shown}]]{ending}{rest}")


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells, broken between words where that is possible."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=width)
    plain = Text(text.expandtabs(4))
    return [line.plain.rstrip() for line in plain.wrap(console, width)] or [""]
