"""Room in the system's cache of files: a conversion larger than it must not push everything else out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

_EVERY_BYTES = 256 * 1024 * 1024


class FileCache:
    """Tells the system which parts of files will not be asked for again; does nothing where it takes no such hints.

    Parameters
    ----------
    sources : sequence of Path
        Read from the first to the last, nearly in order.
    results : sequence of Path
        Being written.
    """

    def __init__(self, sources: Sequence[Path], results: Sequence[Path]) -> None:
        self._sources = [(path, path.stat().st_size) for path in sources]
        self._results = list(results)
        self._told = 0

    def consumed(self, n_bytes: int) -> None:
        """Take note that the first ``n_bytes`` of the sources are done with."""
        if n_bytes - self._told < _EVERY_BYTES or not hasattr(os, "posix_fadvise"):
            return
        self._told = n_bytes
        for path, size in self._sources:
            _drop(path, min(n_bytes, size))
            n_bytes -= size
            if n_bytes <= 0:
                break
        for path in self._results:
            _drop(path, 0)  # the whole file, but for what is not on the disk yet


def _drop(path: Path, n_bytes: int) -> None:
    # It is a hint: where a disk takes none, nothing is lost; where the file is gone, whoever reads it next will say so.
    with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, n_bytes, os.POSIX_FADV_DONTNEED)
