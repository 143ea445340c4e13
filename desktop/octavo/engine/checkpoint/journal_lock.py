"""One writer at a time: the journal beside a target is also the lock that keeps a second writer away."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from octavo.engine.checkpoint.refusals import shown
from octavo.engine.errors import OctavoError

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


def locked_journal(path: Path, target: Path) -> int:
    """Open the journal of ``target`` and lock it for this process; its descriptor.

    Raises
    ------
    OctavoError
        Somebody else writes the target.
    """
    while True:
        descriptor = os.open(path, open_flags(), 0o666)
        try:
            _lock(descriptor)
            # The one before us may have removed it between our opening and our locking.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except OSError as error:
            os.close(descriptor)
            if error.errno in _HELD:
                raise OctavoError(
                    f"{shown(target.name)} is being written by another conversion.",
                    "Wait until that one has ended, or choose another name.",
                ) from error
            raise
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def open_flags() -> int:
    """Those that a file of ours is opened with, to be read and written."""
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


def sync_folder(folder: Path) -> None:
    """Have the new name on the disk; Windows knows no such thing."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
