"""The small files in which Linux tells of the computer; elsewhere there are none, which is no error."""

from __future__ import annotations

from pathlib import Path


def file_text(file: Path) -> str:
    """What a file says, without the blanks around it; empty where it is not there, or a device went away."""
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def file_number(file: Path) -> int | None:
    """The number in a file; None where it holds another word, such as ``max`` or ``asleep``."""
    text = file_text(file)
    try:
        return int(text, 0) if text else None
    except ValueError:
        return None
