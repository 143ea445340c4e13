"""What a reference said about windows of text, kept between measurements.

Most of a second measurement against the same model is then spared. A window's file is named after the model, the
way it is run and the window's tokens, so a longer text or a cancelled measurement finds its beginning again. Files
are whole or absent, checked when they are read, and the longest unused go when there are too many.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import struct
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from octavo.engine.checkpoint import source_hash
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.measure.divergence import ReferenceWindow

LIMIT_BYTES = 4_000_000_000
_DISK_SHARE = 4  # of what is free, a quarter at most
_UNUSED_SECONDS = 14 * 24 * 3600
_HEAD = struct.Struct("<8sIII")  # magic, tokens, vocabulary, CRC-32 of the rest
_MAGIC = b"octvref1"


def fingerprint(checkpoint: Checkpoint) -> str:
    """What tells a model from others, and what we read in it, without reading its weights.

    The folder does not count, so a model that was moved is the same.
    """
    digest = hashlib.sha256(repr(checkpoint.hyperparameters).encode())
    for each in checkpoint.tensors:
        digest.update(f"{each.name} {each.shape} {each.block_type.name}\n".encode())
    digest.update(source_hash.fingerprint(checkpoint.files()).encode())
    return digest.hexdigest()


class ReferenceCache:
    """The windows that one reference has read, run in one way.

    Parameters
    ----------
    folder : Path
        Of all references.
    key : str
        Names the reference and the way it is run.
    """

    def __init__(self, folder: Path, key: str, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._all = folder
        self._folder = folder / hashlib.sha256(key.encode()).hexdigest()[:32]
        self._limit = limit_bytes

    def has_room(self, n_windows: int, window_bytes: int) -> bool:
        """Whether so many windows can be kept together."""
        try:
            self._all.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._all).free + sum(each.stat().st_size for each in self._files())
        except OSError:  # nothing may be written there, or another process is tidying up
            return False
        return n_windows * (window_bytes + _HEAD.size) <= min(self._limit, free // _DISK_SHARE)

    def holds(self, window: Sequence[int]) -> bool:
        """Whether there is a file for a window."""
        return self.path(window).is_file()

    def load(self, window: Sequence[int], n_tokens: int, n_vocabulary: int) -> ReferenceWindow | None:
        """What was kept of a window; None if nothing was, or it is damaged."""
        found = ReferenceWindow.empty(n_tokens, n_vocabulary)
        path = self.path(window)
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD.size)
                parts = [part.reshape(-1).view(np.uint8).data for part in found.arrays()]
                is_whole = all(file.readinto(part) == len(part) for part in parts) and not file.read(1)
        except OSError:  # not kept, or not to be read
            return None
        if not is_whole or head != _HEAD.pack(_MAGIC, n_tokens, n_vocabulary, _checksum(parts)):
            path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(FileNotFoundError):  # another process may be tidying up
            os.utime(path)
        return found

    def store(self, window: Sequence[int], said: ReferenceWindow) -> None:
        """Keep a window; raises OSError where the disk is full."""
        self._folder.mkdir(parents=True, exist_ok=True)
        parts = [part.reshape(-1).view(np.uint8).data for part in said.arrays()]
        path = self.path(window)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(_HEAD.pack(_MAGIC, *said.codes.shape, _checksum(parts)))
                for part in parts:
                    file.write(part)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        self._tidy()

    def _tidy(self) -> None:
        """Let go of what nobody has asked for in two weeks, and of the longest unused beyond the limit."""
        files = sorted(self._files(), key=_last_used, reverse=True)
        kept = 0
        for path in files:
            with contextlib.suppress(FileNotFoundError):
                kept += path.stat().st_size
                if kept > self._limit or _last_used(path) < time.time() - _UNUSED_SECONDS:
                    path.unlink()
                    with contextlib.suppress(OSError):  # not empty yet
                        path.parent.rmdir()

    def _files(self) -> list[Path]:
        return [path for path in self._all.glob("*/*") if path.is_file()]

    def path(self, window: Sequence[int]) -> Path:
        """The file of a window."""
        ids = np.asarray(window, "<i4").tobytes()
        return self._folder / f"{hashlib.sha256(ids).hexdigest()[:32]}.window"


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _checksum(parts: Sequence[memoryview]) -> int:
    found = 0
    for part in parts:
        found = zlib.crc32(part, found)
    return found
