"""One window per data folder: a lock on a file, which the system takes back when its process ends.

A later start leaves a call, a small file, for the window that is open.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from octavo.engine.folders import data_folder
from octavo.store.atomic import whole_file

if sys.platform == "win32":
    import msvcrt

    def lock_file(descriptor: int) -> None:
        """Lock an open file for this process; raises ``OSError`` where another one holds it."""
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock_file(descriptor: int) -> None:
        """Lock an open file for this process; raises ``OSError`` where another one holds it."""
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
            lock_file(descriptor)
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


def calls_folder(folder: Path | None = None) -> Path:
    """Where later starts leave word for the window that is open."""
    calls = (folder or data_folder()) / "calls"
    calls.mkdir(mode=0o700, exist_ok=True)
    return calls


def leave_call(paths: Sequence[str], folder: Path | None = None) -> None:
    """Ask the open window to come to the front and to open ``paths``."""
    name = f"{time.time_ns()}-{os.getpid()}.json"
    with whole_file(calls_folder(folder) / name) as file:
        file.write(json.dumps(list(paths)).encode())


def take_calls(folder: Path | None = None) -> list[list[str]]:
    """The paths of every call that was left, oldest first; each is told once, and what is no call is dropped."""
    calls = []
    for path in sorted(calls_folder(folder).glob("*.json")):
        try:
            said = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            said = None
        path.unlink(missing_ok=True)
        if isinstance(said, list) and all(isinstance(each, str) for each in said):
            calls.append(said)
    return calls
