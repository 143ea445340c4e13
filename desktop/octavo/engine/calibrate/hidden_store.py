"""How far text has run through a model, kept on the disk: a killed calibration goes on there and not at the beginning.

A file holds the residual streams of all windows before one layer. There are two, written in turns: tensors of the layer
before the newer one may have been lost with the process. They go when the calibration ends, well or not; only a
killed process leaves them, for two weeks at most. Files are whole or absent, and checked when they are read.
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
import numpy.typing as npt

from octavo import __version__
from octavo.engine.checkpoint.source_hash import fingerprint
from octavo.engine.folders import cache_folder
from octavo.engine.simd.tier import active_tier

Floats = npt.NDArray[np.float32]

LIMIT_BYTES = 2_000_000_000
SECONDS_BETWEEN = 20.0
_DISK_SHARE = 4  # of what is free, a quarter at most
_UNUSED_SECONDS = 14 * 24 * 3600
_HEAD = struct.Struct("<8sIIIII")  # magic, layer, windows, tokens, columns, CRC-32 of the rest
_MAGIC = b"octvhid1"


class HiddenStore:
    """The file of one calibration.

    Parameters
    ----------
    files : sequence of Path
        The model's.
    windows : int64[windows, tokens]
        The text.
    n_threads : int
    seconds_between : float
        How often to keep: less is lost, and more is written.
    """

    def __init__(
        self,
        files: Sequence[Path],
        windows: npt.NDArray[np.int64],
        n_threads: int,
        *,
        seconds_between: float = SECONDS_BETWEEN,
    ) -> None:
        digest = hashlib.sha256(windows.astype("<i8").tobytes())
        made_by = f"{__version__} {active_tier().name} {n_threads} {windows.shape}"
        digest.update(f"{fingerprint(files)} {made_by}".encode())
        self._folder = cache_folder() / "calibrations"
        self.paths = [self._folder / f"{digest.hexdigest()[:32]}-{turn}.hidden" for turn in (1, 2)]
        self._seconds_between = seconds_between
        self._last = time.monotonic()

    def load(self, layer: int) -> tuple[int, list[Floats]] | None:
        """The latest streams before a layer no later than ``layer``, and its number; None if none are kept."""
        kept = sorted(((_layer_of(path), path) for path in self.paths), reverse=True)
        for found, path in kept:
            if 0 < found <= layer:
                hidden = _read(path)
                if hidden is not None:
                    return found, hidden
                path.unlink(missing_ok=True)
        return None

    def keep(self, layer: int, hidden: Sequence[Floats]) -> None:
        """Keep the streams before ``layer`` if that was not done lately, and if there is room."""
        if time.monotonic() - self._last < self._seconds_between:
            return
        with contextlib.suppress(OSError):  # keeping saves time, no more
            self._write(layer, hidden)
        self._last = time.monotonic()

    def forget(self) -> None:
        """Remove the files."""
        for path in self.paths:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _write(self, layer: int, hidden: Sequence[Floats]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        n_bytes = sum(each.nbytes for each in hidden)
        if n_bytes > min(LIMIT_BYTES, shutil.disk_usage(self._folder).free // _DISK_SHARE):
            return
        checksum = 0
        for each in hidden:
            checksum = zlib.crc32(np.ascontiguousarray(each).data, checksum)
        path = min(self.paths, key=_layer_of)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(_HEAD.pack(_MAGIC, layer, len(hidden), *hidden[0].shape, checksum))
                for each in hidden:
                    file.write(np.ascontiguousarray(each).data)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        self._tidy()

    def _tidy(self) -> None:
        """Let go of what was left long ago, and of the oldest beyond the limit."""
        kept = 0
        for path in sorted(self._folder.iterdir(), key=_changed, reverse=True):
            with contextlib.suppress(OSError):
                kept += path.stat().st_size
                if path not in self.paths and (
                    kept > LIMIT_BYTES or _changed(path) < time.time() - _UNUSED_SECONDS
                ):
                    path.unlink()


def _layer_of(path: Path) -> int:
    """The layer before which a file's streams are; 0 if there is none."""
    try:
        with path.open("rb") as file:
            magic, layer, *_ = _HEAD.unpack(file.read(_HEAD.size))
            return int(layer) if magic == _MAGIC else 0
    except (OSError, struct.error):
        return 0


def _read(path: Path) -> list[Floats] | None:
    """The streams; None if the file is damaged."""
    try:
        with path.open("rb") as file:
            _, _, n, tokens, columns, checksum = _HEAD.unpack(file.read(_HEAD.size))
            if os.fstat(file.fileno()).st_size != _HEAD.size + 4 * n * tokens * columns:
                return None
            hidden = np.empty((n, tokens, columns), np.float32)
            file.readinto(hidden.reshape(-1).view(np.uint8).data)
    except (OSError, struct.error):
        return None
    return list(hidden) if zlib.crc32(hidden.data) == checksum else None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
