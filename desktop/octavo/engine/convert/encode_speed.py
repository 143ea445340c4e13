"""How fast this computer encodes: half a million random weights of each kind, timed once and remembered."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from octavo.engine.blocks.codec import can_encode, encode, encode_in_one_thread
from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.blocks.widened import widened
from octavo.engine.convert.disk_speed import write_seconds
from octavo.engine.errors import PluginFailed
from octavo.engine.folders import cache_folder
from octavo.engine.hardware.interpreter import USUAL_SECONDS, interpreter_seconds
from octavo.engine.hardware.timings import Timings, best_seconds
from octavo.engine.quantize.quantizer import Quantizer

_ROWS, _COLUMNS = 256, 2048
# Our encoders take a tenth of a second, and some seconds where they are compiled first.
_SECONDS_ALLOWED = 60
_HASHED_BYTES = 4 * 1024 * 1024
# A file larger than the caches of most processors, in pieces as a conversion has them.
_COPIED_BYTES, _N_COPIES = 4 * 1024 * 1024, 16


class EncodeSpeed:
    """Seconds of one thread's work; what was timed before on this computer is not timed again."""

    def __init__(self) -> None:
        self._timings = Timings("encode-speed.json")

    def decode(self, source: BlockType) -> float:
        """Seconds to read a weight of this type as a number."""

        def timed() -> float:
            stand_in = source if can_encode(source) else block_type("F16")
            raw = encode(_weights(), stand_in, n_threads=1)
            return _best(lambda: widened(raw, stand_in)) / (_ROWS * _COLUMNS)

        return self._timings.recall(f"decode {source.name}", timed)

    def encode(self, quantizer: Quantizer, to: BlockType) -> float:
        """Seconds for the quantizer to encode a weight."""

        def timed() -> float:
            weights = _weights()
            try:
                return _best(lambda: quantizer.encode(weights, to, None)) / weights.size
            except TimeoutError as error:
                plugin = getattr(quantizer, "plugin", quantizer.name)
                raise PluginFailed(
                    plugin,
                    f"{plugin}: encoding {to.name} took more than {_SECONDS_ALLOWED} s and was given up.",
                    "Choose another format.",
                ) from error

        version = getattr(quantizer, "version", "")
        return self._timings.recall(f"{quantizer.name} {version} {to.name}", timed)

    def hash(self) -> float:
        """Seconds for SHA-256 of a byte."""
        content = bytes(_HASHED_BYTES)
        return self._timings.recall("sha256", lambda: _best(lambda: hashlib.sha256(content)) / _HASHED_BYTES)

    def copy(self) -> float:
        """Seconds to write a byte to a file or to read it, as far as the system keeps files in memory.

        On a full disk, or where nothing may be written, seconds to copy it in memory.
        """
        content, room = bytes(_COPIED_BYTES), bytearray(_COPIED_BYTES)

        def timed() -> float:
            with tempfile.TemporaryFile(dir=cache_folder(), buffering=0) as file:

                def write_and_read() -> None:
                    file.truncate(0)
                    file.seek(0)
                    for _ in range(_N_COPIES):
                        file.write(content)
                    file.seek(0)
                    for _ in range(_N_COPIES):
                        file.readinto(room)

                return _best(write_and_read, time.perf_counter) / (2 * _N_COPIES * _COPIED_BYTES)

        try:
            return self._timings.recall("copy", timed)
        except OSError:
            return _best(lambda: room.__setitem__(slice(None), content), time.perf_counter) / _COPIED_BYTES

    def write(self, folder: Path) -> float:
        """Seconds to have a byte on the disk of a folder for good; 0, and asked again, where that cannot be tried."""
        try:
            return self._timings.recall(f"write to {folder.stat().st_dev}", lambda: write_seconds(folder))
        except OSError:
            return 0.0

    def python(self) -> float:
        """How much slower than ours this computer runs Python."""
        return self._timings.recall_lately("python", interpreter_seconds) / USUAL_SECONDS

    def keep(self) -> None:
        """Remember what was timed."""
        self._timings.keep()


def _weights() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(0).standard_normal((_ROWS, _COLUMNS), dtype=np.float32)


def _best(work: Callable[[], object], clock: Callable[[], float] = time.thread_time) -> float:
    """Seconds in a thread that starts no others.

    Raises
    ------
    TimeoutError
        It did not end in time; its thread goes with the process.
    """
    found: Future[float] = Future()

    def timed() -> None:
        encode_in_one_thread()
        try:
            found.set_result(best_seconds(work, clock))
        except BaseException as error:  # handed on
            found.set_exception(error)

    threading.Thread(target=timed, name="encode-speed", daemon=True).start()
    return found.result(_SECONDS_ALLOWED)
