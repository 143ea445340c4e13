"""Where Octavo keeps its own files; the only place that knows platformdirs.

``OCTAVO_HOME`` puts all of them under one folder (portable installs, tests).
"""

from __future__ import annotations

import os
from pathlib import Path

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
