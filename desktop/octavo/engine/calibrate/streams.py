"""The residual streams of a calibration's text before one layer: on the disk, so that they take no memory.

A killed calibration goes on with the last layer that all text had gone through. There are three files, written in
turns: the streams that go into a layer, those that come out, and those before, which are needed if the tensors of the
layer before were lost with the process. They go when the calibration ends, well or not; only a killed process leaves
them, for two weeks at most. Files are whole or not taken, and checked when they are read; who calibrates the same at
the same time has others. Where the disk has no room, memory takes their place.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from octavo import __version__
from octavo.engine.calibrate.stream_files import N_FILES, StreamFiles, stream_folder
from octavo.engine.checkpoint.journal_lock import open_flags
from octavo.engine.checkpoint.source_hash import fingerprint
from octavo.engine.errors import OctavoError
from octavo.engine.simd.tier import active_tier

Floats = npt.NDArray[np.float32]

_HEAD = struct.Struct("<8sIIIII")  # magic, layer, windows, tokens, columns, CRC-32 of the rest
_MAGIC = b"octvhid2"


class Streams:
    """What has come out of the layers so far.

    Parameters
    ----------
    files : sequence of Path
        The model's.
    windows : int64[windows, tokens]
        The text.
    columns : int
        Of the residual stream.
    n_threads : int
    """

    def __init__(
        self, files: Sequence[Path], windows: npt.NDArray[np.int64], columns: int, n_threads: int
    ) -> None:
        self._n = len(windows)
        self._shape = (windows.shape[1], columns)
        digest = hashlib.sha256(windows.astype("<i8").tobytes())
        made_by = f"{__version__} {active_tier().name} {n_threads} {windows.shape}"
        digest.update(f"{fingerprint(files)} {made_by}".encode())
        self._on_disk = StreamFiles(digest.hexdigest()[:32])
        self._files: list[FileIO] = []
        self._layer = 0
        # What is not on the disk; a window moves from the first to the second when it goes through a layer.
        self._before: dict[int, Floats] = {}
        self._after: dict[int, Floats] = {}
        self._checksum = 0

    @property
    def is_whole(self) -> bool:
        """Whether all windows can be read; a layer that was broken off in memory leaves some."""
        return bool(self._files) or len(self._before) == self._n

    def begin(self, layer: int, embed: Callable[[int], Floats]) -> int:
        """Be before the latest known layer that is no later than ``layer``; its number.

        Parameters
        ----------
        embed : callable
            Gives a window's streams before the first layer, float32[tokens, columns].
        """
        self._before, self._after = {}, {}
        self._open()
        known = sorted(((_layer_of(each), n) for n, each in enumerate(self._files)), reverse=True)
        for found, n in known:
            if 0 < found <= layer and found % N_FILES == n and self._is_sound(self._files[n]):
                self._layer = found
                return found
        self._layer = -1
        for window in range(self._n):
            self.write(window, embed(window))
        self.advance()
        return 0

    def read(self, window: int) -> Floats:
        """A window's streams before the layer, float32[tokens, columns]."""
        if window in self._before:
            return self._before[window]
        hidden = np.empty(self._shape, np.float32)
        file = self._files[self._layer % N_FILES]
        file.seek(_HEAD.size + window * hidden.nbytes)
        if _read_into(file, hidden) != hidden.nbytes:
            raise OctavoError(
                "What text had become in the model was deleted while it was needed.",
                f"Leave the files in {stream_folder()} alone while a conversion runs.",
            )
        return hidden

    def write(self, window: int, hidden: Floats) -> None:
        """What the window has become behind the layer; windows come in their order."""
        if window == 0:
            self._after, self._checksum = {}, 0
        if self._files and not self._after:
            file = self._files[(self._layer + 1) % N_FILES]
            try:
                if window == 0:
                    file.seek(0)
                    _write(file, bytes(_HEAD.size))
                file.seek(_HEAD.size + window * hidden.nbytes)
                raw = np.ascontiguousarray(hidden).data
                _write(file, raw)
                self._checksum = zlib.crc32(raw, self._checksum)
            except OSError:  # the disk is full: the rest stays in memory
                self._after[window] = hidden
        else:
            self._after[window] = hidden
        self._before.pop(window, None)

    def advance(self) -> None:
        """All windows have gone through the layer."""
        self._layer += 1
        self._before, self._after = self._after, {}
        if self._files and not self._before:
            file = self._files[self._layer % N_FILES]
            with contextlib.suppress(OSError):
                file.seek(0)
                _write(file, _HEAD.pack(_MAGIC, self._layer, self._n, *self._shape, self._checksum))

    def close(self) -> None:
        """Remove the files."""
        for file in self._files:
            file.close()
        self._on_disk.remove()
        self._files = []
        self._before, self._after = {}, {}

    def _open(self) -> None:
        """Open the files, for this calibration alone; none where that is not possible."""
        if self._files:
            return
        with contextlib.suppress(OSError):
            paths = self._on_disk.claim(4 * self._n * self._shape[0] * self._shape[1])
            self._files = [FileIO(os.open(each, open_flags(), 0o666), "r+b") for each in paths]

    def _is_sound(self, file: FileIO) -> bool:
        try:
            file.seek(0)
            _, _, *shape, checksum = _HEAD.unpack(file.read(_HEAD.size))
            hidden, found = np.empty(self._shape, np.float32), 0
            for _ in range(self._n):
                if _read_into(file, hidden) != hidden.nbytes:
                    return False
                found = zlib.crc32(hidden.data, found)
        except (OSError, struct.error):
            return False
        return tuple(shape) == (self._n, *self._shape) and found == checksum


def _layer_of(file: FileIO) -> int:
    """The layer before which a file's streams are; 0 if it holds none."""
    try:
        file.seek(0)
        magic, layer, *_ = _HEAD.unpack(file.read(_HEAD.size))
    except (OSError, struct.error):
        return 0
    return int(layer) if magic == _MAGIC else 0


def _read_into(file: FileIO, hidden: Floats) -> int:
    """Fill an array from an unbuffered file; the bytes that were there."""
    rest = memoryview(hidden.reshape(-1).view(np.uint8).data)
    done = 0
    while done < len(rest):
        n = file.readinto(rest[done:])
        if not n:
            break
        done += n
    return done


def _write(file: FileIO, raw: bytes | memoryview) -> None:
    """Write all of it to an unbuffered file."""
    rest = memoryview(raw).cast("B")
    while rest:
        rest = rest[file.write(rest) :]
