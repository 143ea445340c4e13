"""The file beside a target that becomes it: one writer at a time, its disk space claimed, its journal beside it.

``NAME.partial`` holds the data, ``NAME.journal`` what is known to be whole, and the lock that keeps a second writer
away. Only a killed process leaves them behind; whoever writes the same file next goes on from there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from pathlib import Path

from octavo.engine.checkpoint.journal_lock import locked_journal, open_flags, sync_folder
from octavo.engine.checkpoint.refusals import shown
from octavo.engine.checkpoint.write_failure import too_full, write_failure
from octavo.engine.errors import OctavoError

_NO_PREALLOCATION = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class PartialFile:
    """An open, locked ``NAME.partial`` with its journal.

    Parameters
    ----------
    target : Path
        What it will be called in the end.
    n_bytes : int
        How large it will be.

    Raises
    ------
    NotEnoughDisk
        The disk has no room for it.
    OctavoError
        Nothing may be written there, or somebody else is writing it.
    """

    def __init__(self, target: Path, n_bytes: int) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".partial")
        self.journal_path = target.with_name(target.name + ".journal")
        self._n_bytes = n_bytes
        self.descriptor = self.journal = -1
        self._check_target()
        try:
            self.journal = locked_journal(self.journal_path, self.target)
            self.found_bytes = self.path.stat().st_size if self.path.exists() else 0
            self.descriptor = os.open(self.path, open_flags(), 0o666)
        except OSError as error:
            self.remove()
            raise self.failure(error) from error
        except BaseException:
            self._let_go()
            raise

    def empty(self) -> None:
        """Forget what an earlier process wrote."""
        os.ftruncate(self.descriptor, 0)
        os.lseek(self.descriptor, 0, os.SEEK_SET)

    def reserve(self) -> None:
        """Claim the disk space now, so that a full disk is found before the work, where the system can."""
        held = getattr(os.fstat(self.descriptor), "st_blocks", 0) * 512
        available = shutil.disk_usage(self.target.parent).free
        if available + held < self._n_bytes:
            raise too_full(self.target, self._n_bytes, available + held)
        if not hasattr(os, "posix_fallocate"):
            return
        try:
            os.posix_fallocate(self.descriptor, 0, self._n_bytes)
        except OSError as error:
            if error.errno not in _NO_PREALLOCATION:
                raise self.failure(error) from error

    def publish(self) -> None:
        """Give the file its name, on the disk too."""
        try:
            os.close(self.descriptor)
            self.descriptor = -1
            self.path.replace(self.target)
            sync_folder(self.target.parent)
        except OSError as error:
            raise self.failure(error) from error

    def discard(self) -> None:
        """Give its disk space back now, so that a sync under way in another thread ends soon."""
        if self.descriptor >= 0:
            with contextlib.suppress(OSError):  # it will be removed in any case
                os.ftruncate(self.descriptor, 0)

    def remove(self) -> None:
        """Leave no trace, but for a file that was published; removing twice is no error."""
        if self.journal < 0:
            return
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
        with contextlib.suppress(OSError):  # the folder is gone, or became read-only
            self.path.unlink(missing_ok=True)
        if sys.platform == "win32":  # no open file can be removed there
            self._let_go()
        with contextlib.suppress(OSError):
            self.journal_path.unlink(missing_ok=True)
        self._let_go()

    def failure(self, error: OSError) -> OctavoError:
        """What to tell people about ``error``."""
        return write_failure(error, self.target, self._n_bytes)

    def _check_target(self) -> None:
        folder = self.target.parent
        if not folder.is_dir():
            raise OctavoError(f"There is no folder {shown(str(folder), 160)}.", "Create it first.")
        if self.target.is_dir():
            raise OctavoError(f"{shown(self.target.name)} is a folder, so no file can have that name.")
        if self.target.exists() and not self.target.stat().st_mode & 0o222:
            raise OctavoError(f"{shown(self.target.name)} is read-only.", "Choose another name.")

    def _let_go(self) -> None:
        for descriptor in (self.descriptor, self.journal):
            if descriptor >= 0:
                os.close(descriptor)
        self.descriptor = self.journal = -1
