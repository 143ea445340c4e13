"""How long this computer takes to hand out memory that no program has touched yet.

A computer clears a page as fast as its memory is. A virtual one may have to fetch the page from its host first, twenty
times as slowly; which of the two it will be cannot be seen from inside, only timed.
"""

from __future__ import annotations

import mmap
import time

_BLOCK_BYTES = 24 << 20
_N_BLOCKS = 5


def fresh_memory_seconds() -> float:
    """Seconds for each byte, for one thread, in pages as large as the system gives.

    All blocks are held until the end: a page that was handed back a moment ago would come back at once.
    """
    from octavo.engine.kernels.weights import allocate

    blocks = []
    started = time.perf_counter()
    for _ in range(_N_BLOCKS):
        block = allocate(_BLOCK_BYTES)
        block[:: mmap.PAGESIZE] = 0
        blocks.append(block)
    return (time.perf_counter() - started) / (_N_BLOCKS * _BLOCK_BYTES)
