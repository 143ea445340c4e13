"""How fast the disks of a conversion read and write, tried on a few megabytes of theirs."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# More and more, while the disk takes it in a moment: the last tells most.
_WRITE_BLOCKS = (1, 4, 16, 48)
_BLOCK_BYTES = 1 << 20
_WRITE_SECONDS = 0.04
_READ_PIECES = 6
_READ_SECONDS = 0.25
# Less is read in a moment from any disk.
_SMALL_BYTES = 64 << 20


def write_seconds(folder: Path) -> float:
    """Seconds to have a written byte on the disk of a folder for good.

    The file that is written for it has no name, and is gone at once.

    Raises
    ------
    OSError
        The disk is full, or nothing may be written there.
    """
    block, seconds = random.randbytes(_BLOCK_BYTES), 0.0
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for n_blocks in _WRITE_BLOCKS:
            for _ in range(n_blocks):
                file.write(block)
            started = time.perf_counter()
            os.fsync(file.fileno())
            taken = time.perf_counter() - started
            seconds = taken / (n_blocks * _BLOCK_BYTES)
            if taken > _WRITE_SECONDS:
                break
    return seconds


def read_seconds(files: Sequence[Path]) -> float:
    """Seconds to read a byte of some files as they lie now: on their disk, or in the system's memory already.

    Other places are tried each time, since what was read before is in memory.
    """
    largest = max(files, key=_size, default=None)
    if largest is None or _size(largest) < _SMALL_BYTES:
        return 0.0
    room = bytearray(_BLOCK_BYTES)
    n_read, seconds = 0, 0.0
    with contextlib.suppress(OSError), largest.open("rb", buffering=0) as file:
        for _ in range(_READ_PIECES):
            file.seek(random.randrange(_size(largest) - _BLOCK_BYTES))
            started = time.perf_counter()
            n_read += file.readinto(room) or 0
            seconds += time.perf_counter() - started
            if seconds > _READ_SECONDS:
                break
    return seconds / n_read if n_read else 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
