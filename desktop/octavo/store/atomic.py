"""A file is either the old one or the new one, whole; never half of either."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name ``target`` only when the block ends well.

    It is written beside the target, flushed to the disk and then renamed; after an error nothing is left
    and an old target is untouched. A link stays one, and the file that it leads to is replaced. What is no
    file at all (a pipe, ``/dev/stdout``) is simply written to.
    """
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            yield stream
        return
    target = target.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        if error.filename in (None, str(partial)):  # people know the file by its own name
            error.filename = str(target)
        raise
    finally:
        partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name last; systems that cannot open a folder keep it anyway."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
