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

from octavo.engine.checkpoint.refusals import shown
from octavo.engine.errors import NotEnoughDisk, OctavoError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_PREALLOCATION = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


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
            self.journal = self._locked_journal()
            self.found_bytes = self.path.stat().st_size if self.path.exists() else 0
            self.descriptor = os.open(self.path, _flags(), 0o666)
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
            raise self._too_full(available + held)
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
            _sync_folder(self.target.parent)
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
        if error.errno in _FULL:
            available = shutil.disk_usage(self.target.parent).free
            return self._too_full(available) if available < self._n_bytes else self._limited(error)
        place = shown(str(self.target.parent), 160)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return OctavoError(f"Nothing may be written in {place}.", "Choose another folder.")
        return OctavoError(
            f"{shown(self.target.name)} cannot be written ({(error.strerror or 'unknown').lower()})."
        )

    def _check_target(self) -> None:
        folder = self.target.parent
        if not folder.is_dir():
            raise OctavoError(f"There is no folder {shown(str(folder), 160)}.", "Create it first.")
        if self.target.is_dir():
            raise OctavoError(f"{shown(self.target.name)} is a folder, so no file can have that name.")
        if self.target.exists() and not self.target.stat().st_mode & 0o222:
            raise OctavoError(f"{shown(self.target.name)} is read-only.", "Choose another name.")

    def _locked_journal(self) -> int:
        while True:
            descriptor = os.open(self.journal_path, _flags(), 0o666)
            try:
                _lock(descriptor)
                # The one before us may have removed it between our opening and our locking.
                if self.journal_path.exists() and os.path.samestat(
                    os.fstat(descriptor), self.journal_path.stat()
                ):
                    return descriptor
            except OSError as error:
                os.close(descriptor)
                if error.errno in _HELD:
                    raise OctavoError(
                        f"{shown(self.target.name)} is being written by another conversion.",
                        "Wait until that one has ended, or choose another name.",
                    ) from error
                raise
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _let_go(self) -> None:
        for descriptor in (self.descriptor, self.journal):
            if descriptor >= 0:
                os.close(descriptor)
        self.descriptor = self.journal = -1

    def _too_full(self, available: int) -> NotEnoughDisk:
        sizes = f"{_megabytes(self._n_bytes)}, but only {_megabytes(available)} are free"
        return NotEnoughDisk(
            f"{shown(self.target.name)} needs {sizes}.",
            "Make room, or choose a folder on another disk.",
            needed=self._n_bytes,
            available=available,
        )

    def _limited(self, error: OSError) -> NotEnoughDisk:
        """The disk has room, but not for this file or this user."""
        reason = (error.strerror or "unknown").lower()
        return NotEnoughDisk(
            f"{shown(self.target.name)} needs {_megabytes(self._n_bytes)}, "
            f"which the system does not allow there ({reason}).",
            "Choose a folder on another disk.",
            needed=self._n_bytes,
        )


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"


def _flags() -> int:
    return os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def _lock(descriptor: int) -> None:
    """Lock the file for this process, or raise an error of ``_HELD``; some network disks know no locks."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 1 << 40, os.SEEK_SET)  # far behind the text: a locked part cannot be read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk; Windows knows no such thing."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
