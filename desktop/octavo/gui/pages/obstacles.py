"""What stands in the way of a conversion, found before it begins: a sentence with the figures, and a next step."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QStorageInfo

from octavo.engine.estimate.verdict import told_apart
from octavo.gui.forecaster import Forecast
from octavo.gui.markdown.clean_text import clean
from octavo.store.unfinished import left_bytes
from octavo.worker.protocol import Convert, Failed

# What the journal of a conversion takes beside the copies.
_JOURNAL_SHARE = 0.01
# These say nothing about the conversion itself.
_OTHER_FAILURES = ("crash", "cancelled")


@dataclass(frozen=True)
class Room:
    """What a conversion to one folder would find there, bytes."""

    needed: int
    free: int


def room(request: Convert, n_bytes: int) -> Room:
    """The disk that copies of ``n_bytes`` together go to; what a killed conversion holds there counts as free."""
    folder = Path(request.copies[0].output).parent if request.copies else Path()
    free = max(QStorageInfo(str(folder)).bytesAvailable(), 0)
    held = sum(max(left_bytes(each.output), 0) for each in request.copies)
    return Room(int(n_bytes * (1 + _JOURNAL_SHARE)), free + held)


def obstacle(
    request: Convert,
    disk: Room,
    forecast: Forecast | Failed | None,
    free_memory_bytes: int,
    *,
    folders: Sequence[str] = (),
    is_file: bool = False,
) -> str:
    """Why the conversion cannot begin, with the next step; empty if it can.

    Parameters
    ----------
    folders : sequence of str
        The formats that become a folder with the source's configuration.
    is_file : bool
        Whether the source is a single file, which has no configuration to copy.
    """
    if isinstance(forecast, Failed) and forecast.kind not in _OTHER_FAILURES:
        return clean(f"{forecast.message} {forecast.hint}".strip())
    if folders and is_file:
        return (
            f"{folders[0]} makes a folder out of a Hugging Face folder, and this source is a single file. "
            "Choose gguf as its output in the options."
        )
    name, n = Counter(each.output for each in request.copies).most_common(1)[0]
    if n > 1:
        return f"{n} formats would be called {Path(name).name}. Give one of them another name."
    folder = Path(name).parent
    if not folder.is_dir():
        return f"There is no folder {folder}. Choose another one."
    if not os.access(folder, os.W_OK):
        return f"Nothing may be written in {folder}. Choose another folder."
    if disk.needed > disk.free:
        needed, free = told_apart(disk.needed, disk.free)
        return f"Needs {needed} on the disk, {free} are free. Make room, or choose a folder on another disk."
    if isinstance(forecast, Forecast) and forecast.memory_bytes > free_memory_bytes:
        needed, free = told_apart(forecast.memory_bytes, free_memory_bytes)
        return f"Needs {needed} of memory to convert, {free} are free. Close other programs."
    return ""
