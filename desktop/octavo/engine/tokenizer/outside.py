"""Small files from outside, read with limits (``trust.md`` D2, D10)."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from octavo.engine.errors import UnreadableModel


def read_file(path: Path, max_bytes: int) -> bytes:
    """All bytes of a regular file of at most ``max_bytes``."""
    try:
        # A pipe or a device must not make the opening wait.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableModel(f"{path.name} is not an ordinary file.")
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise UnreadableModel(f"{path.name} cannot be read: {error.strerror}.") from error
    if len(data) > max_bytes:
        raise UnreadableModel(f"{path.name} is too large: more than {max_bytes // 2**20} MiB.")
    return data


def read_json(path: Path, max_bytes: int) -> dict[str, Any]:
    """The JSON object in a file; the caller checks the types of what it takes from it."""
    try:
        found = json.loads(read_file(path, max_bytes).decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UnreadableModel(f"{path.name} is no sound JSON file.") from error
    if not isinstance(found, dict):
        raise UnreadableModel(f"{path.name} is no JSON object.")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")
