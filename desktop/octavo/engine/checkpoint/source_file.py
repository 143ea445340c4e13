"""A file that is opened once, checked to be a regular file, and read by offset until it is closed.

Model files are never mapped: a mapped file that shrinks ends the process, a read one falls short.
"""

from __future__ import annotations

import os
import stat
import threading
import weakref
from pathlib import Path
from types import TracebackType

from octavo.engine.checkpoint.refusals import unreadable


class SourceFile:
    """An open file; every read names its offset.

    Parameters
    ----------
    path : Path
        Followed through links once; later reads use the open descriptor only.

    Raises
    ------
    UnreadableModel
        If there is no such file, or it is a folder, a pipe, a device or not permitted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Opening a pipe for reading would wait for a writer; O_NONBLOCK does not.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags)
        except (OSError, ValueError) as error:
            raise unreadable(path, _reason(error)) from error
        try:
            self._status = os.fstat(descriptor)
            if not stat.S_ISREG(self._status.st_mode):
                raise unreadable(path, "this is not a regular file.")
            self._file = os.fdopen(descriptor, "rb", buffering=0, closefd=False)
        except BaseException:
            os.close(descriptor)
            raise
        # A model that is let go of without being closed gives its descriptor back too.
        self._closing = weakref.finalize(self, os.close, descriptor)
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes at the time of opening."""
        return self._status.st_size

    def read_into(self, offset: int, target: memoryview) -> None:
        """Fill ``target`` (bytes) from ``offset`` on; a file that has become shorter is refused."""
        filled = 0
        try:
            with self._lock:
                self._file.seek(offset)
                while filled < len(target):
                    count = self._file.readinto(target[filled:])
                    if not count:
                        raise unreadable(self.path, "the file has become shorter while it was read.")
                    filled += count
        except (OSError, ValueError) as error:
            raise unreadable(self.path, _reason(error)) from error

    def read(self, offset: int, n_bytes: int) -> bytes:
        """``n_bytes`` from ``offset`` on; both must lie within the file."""
        if offset < 0 or n_bytes < 0 or offset + n_bytes > self.size:
            raise unreadable(self.path, "the file is cut short.")
        try:
            with self._lock:
                self._file.seek(offset)
                content = self._file.read(n_bytes)
        except (OSError, ValueError) as error:
            raise unreadable(self.path, _reason(error)) from error
        if len(content) == n_bytes:
            return content
        # The system gave less at once, as it may: take the rest, or find that the file has become shorter.
        rest = bytearray(n_bytes - len(content))
        self.read_into(offset + len(content), memoryview(rest))
        return content + rest

    def unchanged(self) -> bool:
        """Whether the path still leads to this file, with the size and time of the opening."""
        try:
            now, opened = self.path.stat(), os.fstat(self._file.fileno())
        except (OSError, ValueError):
            return False
        return _identity(now) == _identity(opened) == _identity(self._status)

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        self._file.close()
        self._closing()

    def __enter__(self) -> SourceFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file."
    if isinstance(error, PermissionError):
        return "you may not read this file."
    if isinstance(error, OSError) and error.strerror:
        return f"it cannot be read ({error.strerror.lower()})."
    return "it cannot be read."
