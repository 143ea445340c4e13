"""Where a calibration's files lie, whose they are, and whether the disk can spare their room.

A conversion claims the space of its result before a calibration asks for any (``PartialFile.reserve``), so that these
files take only what is free beside it: what a conversion needs of the disk stays the size of its result.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from octavo.engine.checkpoint.journal_lock import locked_journal
from octavo.engine.errors import OctavoError
from octavo.engine.folders import cache_folder

LIMIT_BYTES = 2_000_000_000
# The streams that go into a layer, those that come out, and those before.
N_FILES = 3
_MOST_AT_ONCE = 4
_DISK_SHARE = 4  # of what is free, a quarter at most
_UNUSED_SECONDS = 14 * 24 * 3600
_LOCK, _HIDDEN = ".lock", ".hidden"


class StreamFiles:
    """The files of one calibration, which no other process uses; none if too many have the same at once.

    Parameters
    ----------
    digest : str
        Of what is calibrated: the model, the text, and all else that decides the numbers.
    """

    def __init__(self, digest: str) -> None:
        self._digest = digest
        self._lock_path, self._lock = Path(), -1
        self.paths: list[Path] = []

    def claim(self, n_bytes: int) -> list[Path]:
        """Paths for files of a size; none where the disk can not spare the room.

        Raises
        ------
        OSError
            Nothing may be written there.
        """
        stream_folder().mkdir(parents=True, exist_ok=True)
        if self._lock < 0:
            self._lock_first_free()
        held = sum(each.stat().st_size for each in self.paths if each.exists())
        if self._lock < 0 or not _have_room(n_bytes, _free_bytes() + _DISK_SHARE * held):
            return []
        self._tidy()
        return self.paths

    def remove(self) -> None:
        """Leave nothing, and let others have the names."""
        if self._lock < 0:
            return
        for path in (*self.paths, self._lock_path):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1

    def _lock_first_free(self) -> None:
        for turn in range(_MOST_AT_ONCE):
            path = stream_folder() / f"{self._digest}-{turn}{_LOCK}"
            with contextlib.suppress(OctavoError):
                self._lock_path, self._lock = path, locked_journal(path, path)
                self.paths = _files_of(path)
                return

    def _tidy(self) -> None:
        """Let go of what was left long ago, and of the oldest beyond the limit."""
        kept = 0
        for path in sorted(stream_folder().iterdir(), key=_changed, reverse=True):
            with contextlib.suppress(OSError):
                kept += path.stat().st_size
                is_ours = path.name.startswith(self._digest)
                if not is_ours and (kept > LIMIT_BYTES or _changed(path) < time.time() - _UNUSED_SECONDS):
                    path.unlink()


def stream_folder() -> Path:
    """Where the files of all calibrations lie."""
    return cache_folder() / "calibrations"


def spared_bytes(n_bytes: int, reserved: int = 0) -> int:
    """What files of a size will take of the disk, when ``reserved`` bytes are taken from it before; 0: no room."""
    return N_FILES * n_bytes if _have_room(n_bytes, _free_bytes() - reserved) else 0


def forget_streams() -> None:
    """Remove what killed calibrations left; those under way keep theirs."""
    for lock_path in stream_folder().glob(f"*{_LOCK}"):
        with contextlib.suppress(OSError, OctavoError):
            lock = locked_journal(lock_path, lock_path)
            try:
                for path in (*_files_of(lock_path), lock_path):
                    path.unlink(missing_ok=True)
            finally:
                os.close(lock)


def _free_bytes() -> int:
    """Of the disk where they lie; 0 if it does not say."""
    folder = stream_folder()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _have_room(n_bytes: int, free: int) -> bool:
    """Whether the disk can spare files of a size."""
    return N_FILES * n_bytes <= min(LIMIT_BYTES, free // _DISK_SHARE)


def _files_of(lock_path: Path) -> list[Path]:
    return [lock_path.with_name(f"{lock_path.stem}-{n}{_HIDDEN}") for n in range(N_FILES)]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
