"""A GGUF file written piece by piece, which appears under its name only when it is whole.

The data goes to a temporary file beside the target, named after it and this process. When every tensor is
written, the file is forced to the disk, read again by our own reader, and renamed; until then an old file
of that name is untouched, and closing the writer removes all traces.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.gguf_bytes import aligned, encode_header
from octavo.engine.checkpoint.gguf_head import read_head
from octavo.engine.checkpoint.model import Field, TensorInfo
from octavo.engine.checkpoint.refusals import shown
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import NotEnoughDisk, OctavoError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_PREALLOCATION = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class GgufWriter:
    """A GGUF file in the making; use it as a context manager.

    Parameters
    ----------
    target : Path
        An existing file of that name is replaced by ``finish``, not before.
    fields : mapping of str to Field
        Metadata, in the order of the file.
    tensors : sequence of TensorInfo
        In the order of the file, with the block types that are written.

    Raises
    ------
    NotEnoughDisk
        The disk has no room for the whole file.
    OctavoError
        The folder is missing, or nothing may be written there.
    """

    def __init__(self, target: Path, fields: Mapping[str, Field], tensors: Sequence[TensorInfo]) -> None:
        self.target = target
        self._header = encode_header(fields, tensors)
        self._tensors = list(tensors)
        self._n_bytes = len(self._header) + sum(aligned(info.n_bytes) for info in tensors)
        self._n_written = 0
        self._position = 0
        self._bytes_left = 0
        self._hash = hashlib.sha256()
        self._check_target()
        self._partial, self._descriptor = self._create()
        try:
            self._reserve()
            self._write(self._header)
            self._begin_tensor()
        except BaseException:
            self.close()
            raise

    @property
    def n_bytes(self) -> int:
        """Bytes that the whole file will have."""
        return self._n_bytes

    def write_rows(self, name: str, rows: npt.NDArray[np.uint8]) -> None:
        """Append rows of the tensor ``name``; tensors come in their order, and each from its first row to its last.

        Parameters
        ----------
        rows : uint8[rows, row_bytes]
        """
        if self._position == len(self._tensors) or self._tensors[self._position].name != name:
            raise ValueError(f"{name} is not the tensor to be written now")
        if rows.nbytes > self._bytes_left:
            raise ValueError(f"{name} has fewer rows")
        self._write(rows.reshape(-1).data)
        self._bytes_left -= rows.nbytes
        if not self._bytes_left:
            self._write(bytes(aligned(self._n_written) - self._n_written))
            self._position += 1
            self._begin_tensor()

    def finish(self) -> str:
        """Put the file on the disk, read it again, give it its name; return its SHA-256 in hexadecimal."""
        if self._position != len(self._tensors):
            raise ValueError(f"{self._tensors[self._position].name} is not written yet")
        try:
            os.ftruncate(self._descriptor, self._n_written)
            os.fsync(self._descriptor)
            self._verify()
            self._partial.replace(self.target)
            _sync_folder(self.target.parent)
        except OSError as error:
            raise self._failure(error) from error
        finally:
            self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """Remove the temporary file, unless it has become the target; closing twice is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> GgufWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_target(self) -> None:
        folder = self.target.parent
        if not folder.is_dir():
            raise OctavoError(f"There is no folder {shown(str(folder), 160)}.", "Create it first.")
        if self.target.is_dir():
            raise OctavoError(f"{shown(self.target.name)} is a folder, so no file can have that name.")
        if self.target.exists() and not self.target.stat().st_mode & 0o222:
            raise OctavoError(f"{shown(self.target.name)} is read-only.", "Choose another name.")
        available = shutil.disk_usage(folder).free
        if available < self._n_bytes:
            raise self._too_full(available)

    def _create(self) -> tuple[Path, int]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        for attempt in range(100):
            partial = self.target.with_name(f"{self.target.name}.{os.getpid()}-{attempt}.partial")
            try:
                return partial, os.open(partial, flags, 0o666)
            except FileExistsError:
                continue
            except OSError as error:
                raise self._failure(error) from error
        raise OctavoError(
            f"{shown(self.target.parent.name)} is full of unfinished files.", "Remove *.partial there."
        )

    def _reserve(self) -> None:
        """Claim the disk space now, so that a full disk is found before the work, where the system can."""
        if not hasattr(os, "posix_fallocate"):
            return
        try:
            os.posix_fallocate(self._descriptor, 0, self._n_bytes)
        except OSError as error:
            if error.errno not in _NO_PREALLOCATION:
                raise self._failure(error) from error

    def _begin_tensor(self) -> None:
        if self._position < len(self._tensors):
            self._bytes_left = self._tensors[self._position].n_bytes

    def _write(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise self._failure(error) from error
        self._n_written += len(data)

    def _verify(self) -> None:
        with SourceFile(self._partial) as file:
            head = read_head(file)
            is_whole = file.size == self._n_bytes and head.n_bytes == len(self._header)
            if not is_whole or encode_header(head.fields, head.tensors) != self._header:
                raise OctavoError(f"{shown(self.target.name)} was not written as it should have been.")

    def _too_full(self, available: int) -> NotEnoughDisk:
        sizes = f"{self._n_bytes / 1e9:.2f} GB, but only {available / 1e9:.2f} GB are free"
        return NotEnoughDisk(
            f"{shown(self.target.name)} needs {sizes}.",
            "Make room, or choose a folder on another disk.",
            needed=self._n_bytes,
            available=available,
        )

    def _failure(self, error: OSError) -> OctavoError:
        if error.errno in _FULL:
            return self._too_full(shutil.disk_usage(self.target.parent).free)
        place = shown(str(self.target.parent), 160)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return OctavoError(f"Nothing may be written in {place}.", "Choose another folder.")
        return OctavoError(
            f"{shown(self.target.name)} cannot be written ({(error.strerror or 'unknown').lower()})."
        )


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk; Windows knows no such thing."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
