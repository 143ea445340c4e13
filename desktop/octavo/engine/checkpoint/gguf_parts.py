"""A GGUF model in one file, or in parts named ``NAME-00001-of-00003.gguf`` (llama.cpp's gguf-split).

The first part holds the metadata; each holds its own tensors, and says which part it is.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

from octavo.engine.checkpoint.field_values import FieldValues
from octavo.engine.checkpoint.gguf_head import MAX_TENSORS, Head, read_head
from octavo.engine.checkpoint.refusals import shown, unreadable
from octavo.engine.checkpoint.source_file import SourceFile

_NAME = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)
_MAX_PARTS = 1000

Part = tuple[SourceFile, Head]


def open_parts(path: Path, opening: ExitStack) -> list[Part]:
    """Open the file at ``path`` and, if it is one of several parts, all of them in order.

    Parameters
    ----------
    opening : ExitStack
        Closes the files.
    """
    first = _open(path, opening)
    number, count = _place(first)
    if count == 1:
        return [first]
    match = _NAME.fullmatch(path.name)
    if match is None or (int(match[2]), int(match[3])) != (number + 1, count):
        raise unreadable(path, f"it is part {number + 1} of {count}, but its name does not say so.")
    parts = []
    for each in range(count):
        sibling = path.with_name(f"{match[1]}-{each + 1:05}-of-{count:05}.gguf")
        if not sibling.exists():
            raise unreadable(path, f"its part {shown(sibling.name)} is missing.")
        part = first if each == number else _open(sibling, opening)
        if _place(part) != (each, count):
            raise unreadable(sibling, f"it does not say that it is part {each + 1} of {count}.")
        parts.append(part)
    _check_census(path, parts)
    return parts


def _open(path: Path, opening: ExitStack) -> Part:
    file = opening.enter_context(SourceFile(path))
    return file, read_head(file)


def _place(part: Part) -> tuple[int, int]:
    file, head = part
    values = FieldValues(file.path, head.fields)
    count = values.integer("split.count", 0, _MAX_PARTS, 1) or 1
    return values.integer("split.no", 0, count - 1, 0), count


def _check_census(path: Path, parts: list[Part]) -> None:
    names = [info.name for _, head in parts for info in head.tensors]
    if len(set(names)) != len(names):
        raise unreadable(path, "two of its parts hold the same tensor.")
    total = FieldValues(path, parts[0][1].fields).integer("split.tensors.count", 0, MAX_TENSORS, len(names))
    if total != len(names):
        raise unreadable(path, f"its parts hold {len(names)} tensors, but {total} are announced.")
