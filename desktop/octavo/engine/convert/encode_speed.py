"""How fast this computer encodes: a quarter of a million random weights of each kind, timed once and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from octavo import __version__
from octavo.engine.blocks.codec import can_encode, encode, encode_in_one_thread
from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.blocks.widened import widened
from octavo.engine.folders import cache_folder
from octavo.engine.hardware.cores import processor_name
from octavo.engine.quantize.quantizer import Quantizer
from octavo.engine.simd.tier import active_tier

_ROWS, _COLUMNS = 128, 2048
_ROUNDS = 3
_HASHED_BYTES = 4 * 1024 * 1024


class EncodeSpeed:
    """Seconds of one thread's work; what was timed before on this computer is not timed again."""

    def __init__(self) -> None:
        self._machine = f"{processor_name()}, {active_tier().name}, {__version__}"
        self._known = self._read()

    def decode(self, source: BlockType) -> float:
        """Seconds to read a weight of this type as a number."""

        def timed() -> float:
            stand_in = source if can_encode(source) else block_type("F16")
            raw = encode(_weights(), stand_in, n_threads=1)
            return _best(lambda: widened(raw, stand_in)) / (_ROWS * _COLUMNS)

        return self._recalled(f"decode {source.name}", timed)

    def encode(self, quantizer: Quantizer, to: BlockType) -> float:
        """Seconds for the quantizer to encode a weight."""

        def timed() -> float:
            weights = _weights()
            return _best(lambda: quantizer.encode(weights, to, None)) / weights.size

        version = getattr(quantizer, "version", "")
        return self._recalled(f"{quantizer.name} {version} {to.name}", timed)

    def hash(self) -> float:
        """Seconds for SHA-256 of a byte."""
        content = bytes(_HASHED_BYTES)
        return self._recalled("sha256", lambda: _best(lambda: hashlib.sha256(content)) / _HASHED_BYTES)

    def copy(self) -> float:
        """Seconds to write a byte to a file or to read it, as far as the system keeps files in memory."""

        def timed() -> float:
            content, room = bytes(_HASHED_BYTES), bytearray(_HASHED_BYTES)
            with tempfile.TemporaryFile(dir=cache_folder(), buffering=0) as file:

                def write_and_read() -> None:
                    file.truncate(0)
                    file.seek(0)
                    file.write(content)
                    file.seek(0)
                    file.readinto(room)

                return _best(write_and_read) / (2 * _HASHED_BYTES)

        return self._recalled("copy", timed)

    def keep(self) -> None:
        """Remember what was timed."""
        with contextlib.suppress(OSError):  # remembering saves time, no more
            _memo_file().write_text(json.dumps({"machine": self._machine, "seconds": self._known}))

    def _recalled(self, name: str, timed: Callable[[], float]) -> float:
        if name not in self._known:
            self._known[name] = timed()
        return self._known[name]

    def _read(self) -> dict[str, float]:
        try:
            memo = json.loads(_memo_file().read_text())
            known = memo["seconds"] if memo["machine"] == self._machine else {}
            return {str(name): float(seconds) for name, seconds in known.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # never timed, or damaged
            return {}


def _weights() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(0).standard_normal((_ROWS, _COLUMNS), dtype=np.float32)


def _best(work: Callable[[], object]) -> float:
    """Seconds of the quickest round: whatever else the computer does can only slow a round down."""
    from concurrent.futures import ThreadPoolExecutor

    def rounds() -> float:
        encode_in_one_thread()
        work()  # compiles
        best = float("inf")
        for _ in range(_ROUNDS):
            started = time.perf_counter()
            work()
            best = min(best, time.perf_counter() - started)
        return best

    with ThreadPoolExecutor(1) as alone:
        return alone.submit(rounds).result()


def _memo_file() -> Path:
    return cache_folder() / "encode-speed.json"
