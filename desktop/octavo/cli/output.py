"""What the commands read and print: JSON for programs, aligned text for people.

Results go to standard output, everything else to standard error. Text is made safe wherever the stream is
a terminal; a pipe or a file gets it as it is.
"""

from __future__ import annotations

import errno
import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from octavo.cli.terminal_text import safe
from octavo.engine.errors import OctavoError

_GAP = "  "
_LEAST_ROOM = 20


def standard_input() -> str:
    """All of standard input as text."""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise OctavoError("The text on standard input is not UTF-8.") from error


def write(text: str, stream: TextIO | None = None) -> None:
    """Write ``text`` as it is to a pipe, made safe to a terminal, and flush."""
    stream = stream or sys.stdout
    encoding = stream.encoding or "utf-8"
    shown = safe(text) if stream.isatty() else text
    # Names of files may hold bytes that are no text; in JSON too, this form of them is right.
    stream.write(shown.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def print_line(text: str = "") -> None:
    """One line on standard output."""
    write(text + "\n")


def print_sentence(text: str) -> None:
    """A sentence or more on standard output, broken between words where a terminal is too narrow."""
    for line in textwrap.wrap(text, _columns(), break_long_words=False, break_on_hyphens=False):
        print_line(line)


def print_whole(text: str) -> None:
    """A text to the letter; only a terminal gets a line feed after it that the text has not."""
    is_open = sys.stdout.isatty() and not text.endswith("\n")
    write(text + "\n" if is_open else text)


def print_note(text: str) -> None:
    """One line on standard error, for what is no result."""
    write(text + "\n", sys.stderr)


def told(error: Exception) -> str:
    """What people read of an error, ours or the system's."""
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return "This name is too long for the disk it is meant for. Choose a shorter one."
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}."
    return str(error)


def print_json(result: Mapping[str, Any]) -> None:  # values that JSON knows
    """The one JSON object of a command."""
    write(json.dumps(result, indent=2, ensure_ascii=not _is_utf8(sys.stdout)) + "\n")


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values in two columns; an empty value leaves its line out."""
    shown = [(name, _on_one_line(value)) for name, value in facts if value]
    width = max(len(name) for name, _ in shown)
    room = max(_columns() - width - len(_GAP), _LEAST_ROOM)
    for name, value in shown:
        for line in textwrap.wrap(value, room, break_long_words=False, break_on_hyphens=False):
            print_line(f"{name:<{width}}{_GAP}{line}")
            name = ""


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> None:
    """Columns under headings, two blanks apart; on a terminal that is too narrow, in parts below each other.

    Parameters
    ----------
    right : str
        A letter per column: ``r`` aligns to the right, anything else to the left.
    """
    from rich.cells import cell_len

    lines = [list(headings), *([_on_one_line(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(headings))]

    def padded(line: Sequence[str], column: int) -> str:
        cell = line[column]
        blanks = " " * (widths[column] - cell_len(cell))
        return blanks + cell if right[column : column + 1] == "r" else cell + blanks

    for number, part in enumerate(_parts(widths)):
        if number:
            print_line()
        for line in lines:
            print_line(_GAP.join(padded(line, column) for column in part).rstrip())


def _parts(widths: Sequence[int]) -> list[list[int]]:
    """The columns of each part of a table; the first column stands in all of them."""
    room, parts = _columns(), [[0]]
    for column in range(1, len(widths)):
        taken = sum(widths[each] + len(_GAP) for each in parts[-1])
        if len(parts[-1]) > 1 and taken + widths[column] > room:
            parts.append([0])
        parts[-1].append(column)
    return parts


def _columns() -> int:
    """How wide a line of standard output may be; programs get theirs whole."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def _on_one_line(text: str) -> str:
    """A model's name must not break our columns."""
    return " ".join(safe(text).split())
