"""How long this computer takes to hand out memory that no program has touched yet.

A computer clears a page as fast as its memory is. A virtual one may have to fetch the page from its host first, twenty
times as slowly: all but those that were in use a moment ago, which cannot be seen from inside, only timed.
"""

from __future__ import annotations

import mmap
import time
from typing import TYPE_CHECKING

from octavo.engine.hardware.memory import main_memory

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BLOCK_BYTES = 48 << 20
_MOST_BLOCKS = 24
_SECONDS = 0.4
_LAST = 3


def fresh_memory_seconds() -> float:
    """Seconds for each byte, for one thread, in pages as large as the system gives.

    Takes block after block until it has seen enough, and counts the last ones: what programs have just handed back
    comes first, and fast. All are held until then, and are at most an eighth of what is free.
    """
    from octavo.engine.kernels.weights import allocate

    most = max(1, min(_MOST_BLOCKS, main_memory().free_bytes // 8 // _BLOCK_BYTES))
    blocks: list[npt.NDArray[np.uint8]] = []
    seconds: list[float] = []
    while len(blocks) < most and sum(seconds) < _SECONDS:
        started = time.perf_counter()
        block = allocate(_BLOCK_BYTES)
        block[:: mmap.PAGESIZE] = 0
        seconds.append(time.perf_counter() - started)
        blocks.append(block)
    last = seconds[-_LAST:]
    return sum(last) / (len(last) * _BLOCK_BYTES)
