"""One window per data folder: a lock on a file, which the system takes back when its process ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from octavo.engine.folders import data_folder

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class InstanceLock:
    """The right to be the one window; held from ``acquire`` until ``release`` or the end of the process.

    Parameters
    ----------
    folder : Path, optional
        By default Octavo's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or data_folder()) / "window.lock"
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False where another window holds it. Raises ``OSError`` if the folder is read-only."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
