"""Stores that the window can do without: where the file is of no use, one in memory takes its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from octavo.engine.errors import OctavoError

Store = TypeVar("Store")

_IN_MEMORY = Path(":memory:")  # SQLite's name for it


def file_or_spare(open_store: Callable[[Path | None], Store], kept: str) -> tuple[Store, str]:
    """A store on its file, or in memory where the file is a newer Octavo's or cannot be opened.

    Parameters
    ----------
    open_store : callable
        Opens the store at a path; None means its own.
    kept : str
        What it keeps, for the sentence.

    Returns
    -------
    store : Store
    problem : str
        What the user should know, a sentence or two; empty when all is well.
    """
    try:
        return open_store(None), ""
    except OctavoError as error:
        return open_store(_IN_MEMORY), f"{error.message} No {kept} are kept this time."
