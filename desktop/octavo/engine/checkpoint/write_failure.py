"""What people are told when something cannot be written."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from octavo.engine.checkpoint.refusals import shown
from octavo.engine.errors import NotEnoughDisk, OctavoError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_failure(error: OSError, target: Path, n_bytes: int) -> OctavoError:
    """The words for ``error`` while ``target``, of ``n_bytes`` in the end, is written."""
    if error.errno in _FULL:
        available = shutil.disk_usage(target.parent).free
        return (
            too_full(target, n_bytes, available) if available < n_bytes else _limited(error, target, n_bytes)
        )
    place = shown(str(target.parent), 160)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OctavoError(f"Nothing may be written in {place}.", "Choose another folder.")
    if error.errno == errno.ENAMETOOLONG:
        return OctavoError(
            f"The name {shown(target.name)} is too long for the disk it is meant for.",
            "Choose a shorter one.",
        )
    return OctavoError(f"{shown(target.name)} cannot be written ({(error.strerror or 'unknown').lower()}).")


def too_full(target: Path, n_bytes: int, available: int) -> NotEnoughDisk:
    """The disk has no room for it."""
    needed, free = _megabytes(n_bytes), _megabytes(available)
    if needed == free:  # rounded, they would not tell which is more
        needed, free = f"{n_bytes:,} bytes", f"{available:,} bytes"
    sizes = f"{needed}, but only {free} are free"
    return NotEnoughDisk(
        f"{shown(target.name)} needs {sizes}.",
        "Make room, or choose a folder on another disk.",
        needed=n_bytes,
        available=available,
    )


def _limited(error: OSError, target: Path, n_bytes: int) -> NotEnoughDisk:
    """The disk has room, but not for this file or this user."""
    reason = (error.strerror or "unknown").lower()
    return NotEnoughDisk(
        f"{shown(target.name)} needs {_megabytes(n_bytes)}, which the system does not allow there ({reason}).",
        "Choose a folder on another disk.",
        needed=n_bytes,
    )


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"
