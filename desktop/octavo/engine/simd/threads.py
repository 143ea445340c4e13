"""Atomics, pauses and the barrier: what threads inside compiled code need."""

from __future__ import annotations

import platform
import sys

from llvmlite import ir

from octavo.engine.simd.jit import separate
from octavo.engine.simd.lowering import call, i32, i64, operation, pointer


@operation("l:pl")
def fetch_add(b, p, x):
    """Add to the int64 at ``p``; the value before."""
    return b.atomic_rmw("add", pointer(b, p, i64), x, "seq_cst")


@operation("l:pl")
def exchange(b, p, x):
    """Write the int64 at ``p``, sequentially consistent; the value before."""
    return b.atomic_rmw("xchg", pointer(b, p, i64), x, "seq_cst")


@operation("l:p")
def load_acquire(b, p):
    """The int64 at ``p``; nothing after it moves before."""
    return b.load_atomic(pointer(b, p, i64), "seq_cst", 8)


@operation("v:pl")
def store_release(b, p, x) -> None:
    """Write the int64 at ``p``; nothing before it moves after."""
    b.store_atomic(x, pointer(b, p, i64), "release", 8)


@operation("v:")
def pause(b) -> None:
    """Tell the core that this is a spin loop."""
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        call(b, "llvm.x86.sse2.pause", ir.VoidType(), [])
    elif machine in ("aarch64", "arm64"):
        call(b, "llvm.aarch64.hint", ir.VoidType(), [ir.Constant(i32, 1)])


@operation("i:")
def give_way(b):
    """Give the rest of the time slice to another thread."""
    return call(b, "SwitchToThread" if sys.platform == "win32" else "sched_yield", i32, [])


# A quarter of a millisecond. A thread that yields beside a busy program loses its whole time slice: two threads beside
# two endless loops wrote 2 to 22 tokens/s with 200 to 1,000 pauses, and 49 to 124 with these.
PAUSES_BEFORE_YIELD = 5000


@separate
def barrier(p: int, n_threads: int) -> int:
    """Wait until ``n_threads`` have come here; a short spin, then yield, so that a loaded machine goes on.

    ``p`` points to two int64 on cache lines of their own: arrivals at 0, the generation at 64.
    """
    if n_threads == 1:
        return 0
    generation = load_acquire(p + 64)
    if fetch_add(p, 1) == n_threads - 1:
        store_release(p, 0)
        store_release(p + 64, generation + 1)
        return 0
    spins = 0
    while load_acquire(p + 64) == generation:
        spins += 1
        if spins > PAUSES_BEFORE_YIELD:
            give_way()
        else:
            pause()
    return 0
