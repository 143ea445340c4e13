"""Threads that wait for one another inside compiled code: a spin, then sleep, and the barrier made of it.

Who spins or yields on a loaded machine spends the time that is due to it, and has none when its turn to work comes;
often both threads are on one core, where the one that spins keeps the other from working. A thread that sleeps is let
on at once when it is woken. On a quiet machine long spins are right: to wake a thread takes as long as a hundred
pauses, and a slower core is waited for at every barrier. The system tells which it is: it preempts on a loaded one,
again and again; once in a while it does so on any, for a window that draws the answer.
"""

from __future__ import annotations

import platform
import sys

from llvmlite import ir

from octavo.engine.simd.compiler import cgutils
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.lowering import call, i32, i64, integer, operation
from octavo.engine.simd.memory import get_i64, put_i64
from octavo.engine.simd.threads import exchange, fetch_add, load_acquire, pause, store_release

_FUTEX = {"x86_64": 202, "amd64": 202, "aarch64": 98, "arm64": 98}
_FUTEX_NUMBER = _FUTEX.get(platform.machine().lower()) if sys.platform == "linux" else None
_WAIT, _WAKE = 128, 129  # FUTEX_WAIT and FUTEX_WAKE of this process alone (futex(2))
_THIS_THREAD, _INVOLUNTARY = 1, 17  # getrusage(2): whom to tell of, and the int64 with involuntary switches
_REST_NANOSECONDS = 2_000_000
RESTS_BEFORE_SLEEP = 10 if _FUTEX_NUMBER is not None else 2000  # 20 ms, or about a millisecond


def _futex(b, p, command, value, timeout):
    """Call futex(2), through the C library's own way to the system."""
    assert _FUTEX_NUMBER is not None
    kind = ir.FunctionType(i64, [i64], var_arg=True)
    function = cgutils.get_or_insert_function(b.module, kind, "syscall")
    return b.call(function, [integer(_FUTEX_NUMBER), p, integer(command), value, timeout])


@operation("v:pl")
def rest(b, p, value) -> None:
    """Sleep until somebody wakes those at ``p``, at most 2 ms, unless the int64 there is no longer ``value``.

    Where the system has no such call, give the rest of the time slice to another thread.
    """
    if _FUTEX_NUMBER is None:
        call(b, "SwitchToThread" if sys.platform == "win32" else "sched_yield", i32, [])
        return
    timeout = cgutils.alloca_once_value(b, ir.Constant(ir.ArrayType(i64, 2), [0, _REST_NANOSECONDS]))
    _futex(b, p, _WAIT, value, b.ptrtoint(timeout, i64))


@operation("v:p")
def wake(b, p) -> None:
    """Wake all that rest at ``p``."""
    if _FUTEX_NUMBER is not None:
        _futex(b, p, _WAKE, integer(0x7FFFFFFF), integer(0))


@operation("l:")
def preemptions(b):
    """How often the system took the processor from this thread; 0 where it does not tell."""
    if _FUTEX_NUMBER is None:
        return integer(0)
    usage = cgutils.alloca_once(b, ir.ArrayType(i64, 34))  # struct rusage, and what musl reserves
    call(b, "getrusage", i32, [ir.Constant(i32, _THIS_THREAD), b.ptrtoint(usage, i64)])
    return b.load(cgutils.gep_inbounds(b, usage, 0, _INVOLUNTARY))


# A pause takes about 50 ns. SmolLM2 Q4_K_M with two threads beside a dozen busy processes on two cores wrote 140
# tokens/s where spins were 100 pauses long, 20 where they were 1,000 and more. Beside a program that wants 3 ms thirty
# times a second, Q8_0 wrote 190 where one preemption made them 100 pauses long, 235 where it left them a quarter.
FEWEST_PAUSES, MOST_PAUSES = 100, 5000


@kernel
def change(p, value):
    """Write the int64 at ``p``, and wake who waits for that."""
    exchange(p, value)
    if load_acquire(p + 8) != 0:
        wake(p)


@kernel
def wait_while(p, value, patience, n_rests):
    """Wait until the int64 at ``p`` is not ``value``; whether that came before ``n_rests`` rests (0: any number).

    ``p + 8`` counts those who sleep. ``patience`` points to two int64 of this thread's own, zero at first: by how many
    pauses its spins are shorter than the longest, and how often it was preempted. A preemption leaves them a quarter of
    their length; each sleep without one gives a pause back, and ``settle`` more.
    """
    lost = get_i64(patience)
    for _ in range(MOST_PAUSES - lost):
        if load_acquire(p) != value:
            return 1
        pause()
    fetch_add(p + 8, 1)
    n_rested = 0
    while load_acquire(p) == value and (n_rested < n_rests or n_rests == 0):
        rest(p, value)
        n_rested += 1
    fetch_add(p + 8, -1)
    n_preempted = preemptions()
    if n_preempted == get_i64(patience + 8):
        put_i64(patience, max(lost - 1, 0))
    else:
        put_i64(patience, MOST_PAUSES - max((MOST_PAUSES - lost) // 4, FEWEST_PAUSES))
        put_i64(patience + 8, n_preempted)
    return 1 if load_acquire(p) != value else 0


@kernel
def settle(patience):
    """Make spins longer again after a step without a preemption; ``patience`` as in ``wait_while``."""
    lost = get_i64(patience)
    if lost > 0:
        n_preempted = preemptions()
        if n_preempted == get_i64(patience + 8):
            put_i64(patience, lost // 2)
        put_i64(patience + 8, n_preempted)


@separate
def barrier(p: int, n_threads: int, patience: int) -> int:
    """Wait until ``n_threads`` have come here; ``patience`` as in ``wait_while``.

    ``p`` points to int64 on cache lines of their own: arrivals at 0, the generation and its sleepers at 64.
    """
    if n_threads == 1:
        return 0
    generation = load_acquire(p + 64)
    if fetch_add(p, 1) == n_threads - 1:
        store_release(p, 0)
        change(p + 64, generation + 1)
        return 0
    wait_while(p + 64, generation, patience, 0)
    return 0
