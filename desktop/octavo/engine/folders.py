"""Where Octavo keeps its own files; the only place that knows platformdirs.

``OCTAVO_HOME`` puts all of them under one folder (portable installs, tests).
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import platformdirs


def _folder(kind: str, standard: str) -> Path:
    home = os.environ.get("OCTAVO_HOME")
    folder = Path(home) / kind if home else Path(standard)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        told = f"{error.strerror}. Octavo keeps its files there; set OCTAVO_HOME to another folder"
        raise type(error)(error.errno, told, str(folder)) from error
    return folder


def cache_folder() -> Path:
    """The folder whose loss costs only time: compiled kernels, library index."""
    return _folder("cache", platformdirs.user_cache_dir("octavo", appauthor=False))


def remember(name: str, content: object) -> None:
    """Write what saves time at the next start (values that JSON knows) into the cache folder, whole or not at all."""
    with contextlib.suppress(OSError):  # no room, or no right to write there: it takes its time again
        path = cache_folder() / name
        fresh = path.with_name(f"{name}.{os.getpid()}")
        try:
            fresh.write_text(json.dumps(content))
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


def recall(name: str) -> Any:  # Any: a file that may be damaged, so that its reader checks every value
    """What was remembered under a name; None if nothing was, or it is no JSON."""
    try:
        return json.loads((cache_folder() / name).read_text())
    except (OSError, ValueError):
        return None


def data_folder() -> Path:
    """The folder of chats, the ledger and converted models."""
    return _folder("data", platformdirs.user_data_dir("octavo", appauthor=False))


def config_folder() -> Path:
    """The folder of settings."""
    return _folder("config", platformdirs.user_config_dir("octavo", appauthor=False))


def expanded(path: Path) -> Path:
    """``path`` with ``~`` for the user's home; one of a user who is not there stays as it is written."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
