"""Compiled kernels are kept in the user's own cache folder, keyed by what they were made from.

The key is the content of every kernel source, the tier, the system and the compiler, so a moved or reinstalled
program finds its kernels, and a change anywhere compiles again. A file is a SHA-256 and the object code that it is
of: a damaged one counts as missing. Code is taken only from a folder that nobody else can write.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path

import llvmlite

from octavo import __version__
from octavo.engine.folders import cache_folder
from octavo.engine.simd.tier import active_tier

_ENGINE = Path(__file__).resolve().parent.parent
_SOURCES = ("simd", "blocks", "kernels")
_DIGEST_BYTES = 32
_KEPT_KEYS = 6  # half a megabyte each; tiers have keys of their own


@cache
def content_key() -> str:
    """A hash of all kernel sources, the tier, the system and the compiler; 16 hexadecimal digits."""
    digest = hashlib.sha256()
    made_by = (__version__, llvmlite.__version__, active_tier(), sys.platform, platform.machine())
    digest.update(repr(made_by).encode())
    for folder in _SOURCES:
        for source in sorted((_ENGINE / folder).rglob("*.py")):
            digest.update(source.name.encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _folder() -> Path:
    """The folder of this content key, whether it is there or not."""
    chosen = os.environ.get("OCTAVO_KERNEL_CACHE")
    return (Path(chosen) if chosen else cache_folder() / "kernels") / content_key()


def _is_private(folder: Path) -> bool:
    """Whether it is a folder of this user's that no one else can write: a planted file would be run."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    return os.name != "posix" or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def cached_code(place: str) -> bytes | None:
    """The object code of the entry at ``place``; None if it is missing, damaged or not to be trusted."""
    folder = _folder()
    if not _is_private(folder):
        return None
    try:
        data = (folder / _file_name(place)).read_bytes()
    except OSError:
        return None
    digest, code = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return code if hashlib.sha256(code).digest() == digest else None


def keep_code(place: str, code: bytes) -> bool:
    """Keep an entry's object code for the next process; whether that was possible."""
    folder = _folder()
    if not is_writable():
        return False
    try:
        descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".partial")
    except OSError:  # the disk is full
        return False
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        Path(temporary).replace(folder / _file_name(place))
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        return False
    return True


def is_writable() -> bool:
    """Whether compiled code can be kept; makes the folder, and removes those of versions long unused."""
    folder = _folder()
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_stale(folder)
    except OSError:
        return False
    return _is_private(folder) and os.access(folder, os.W_OK)


def remove_stale(current: Path) -> None:
    """Keep the newest folders of kernels beside ``current``, which is in use, and remove the others.

    A process that runs from one of those has its code in memory already.
    """
    others = sorted(
        (each for each in current.parent.iterdir() if each.is_dir() and each != current),
        key=lambda each: each.stat().st_mtime,
        reverse=True,
    )
    for each in others[_KEPT_KEYS - 1 :]:
        shutil.rmtree(each, ignore_errors=True)


def _file_name(place: str) -> str:
    return place.replace(":", ".") + ".o"
