"""A model as a list of operations, run by every thread together: one compiled call for each token or batch.

Between operations stands a barrier of our own, nothing of Python (``simd/waiting.py``). Workers wait for the next call
as they wait there, and go to sleep in Python when nothing comes for a while, so that an idle model takes no processor
time.
"""

from __future__ import annotations

from octavo.engine.kernels.activation import pack_row
from octavo.engine.kernels.heads import attend_heads, heads, join_heads
from octavo.engine.kernels.operations import arg, embed, gated, linear, norm_add, prepare, soft_cap
from octavo.engine.kernels.operations import rope_table as make_rope_table
from octavo.engine.kernels.state import (
    ABORT,
    ATTEND,
    BARRIER,
    BARRIER_AFTER,
    BARRIER_IF_MANY,
    BARRIER_PATIENCE,
    CALL,
    CODE,
    COMMAND,
    COMMAND_PATIENCE,
    EMBED,
    END,
    FINISHED,
    FLAGS,
    GATED,
    HEADS,
    LINEAR,
    N_THREADS,
    N_TOKENS,
    NORM_ADD,
    OPERATION_BYTES,
    PARKED,
    PREPARE,
    PREPARE_HEADS,
    PROGRAM,
    QUIT,
    ROPE_TABLE,
    RUN,
    SOFT_CAP,
    STOP,
    T_FLOATS,
    T_RECORDS,
    THREAD_BYTES,
    THREADS,
)
from octavo.engine.simd.jit import entry, kernel
from octavo.engine.simd.lowering import emit_call, operation
from octavo.engine.simd.memory import get_i64, put_i64
from octavo.engine.simd.threads import exchange, load_acquire
from octavo.engine.simd.waiting import RESTS_BEFORE_SLEEP, barrier, change, settle, wait_while


@operation("l:ppp")
def call_run(b, function, s, thread):
    """Call ``run`` by its address, so that its large body is compiled once."""
    return emit_call(b, function, s, thread)


@operation("l:pppppp")
def call_operation(b, function, op, s, own, thread, n_threads):
    """Call an operation by its entry's address."""
    return emit_call(b, function, op, s, own, thread, n_threads)


@kernel
def _prepare_heads(op, s, own, thread, n_threads):
    """Like ``prepare``, of what the ATTEND operation before it left: the joined heads."""
    if get_i64(s + N_TOKENS) > 1:
        prepare(op, s, own, thread, n_threads)
        return
    floats = get_i64(own + T_FLOATS)
    join_heads(op - OPERATION_BYTES, s, floats)
    if arg(op, 7) != 0:
        pack_row(floats, arg(op, 2), get_i64(own + T_RECORDS), 0)


@entry
def run(s, thread):
    """One thread's part of the whole program; whether it came to its end."""
    n_threads = get_i64(s + N_THREADS)
    own = get_i64(s + THREADS) + THREAD_BYTES * thread
    op = get_i64(s + PROGRAM)
    many = get_i64(s + N_TOKENS) > 1
    patience = s + BARRIER_PATIENCE + 64 * thread
    if n_threads > 1:
        settle(patience)
    turn = 0
    while True:
        code = get_i64(op + CODE)
        if code == LINEAR:
            linear(op, s, own, thread, n_threads)
        elif code == PREPARE:
            prepare(op, s, own, thread, n_threads)
        elif code == GATED:
            gated(op, s, own, thread, n_threads)
        elif code == HEADS:
            heads(op, s, thread, n_threads)
        elif code == ATTEND:
            attend_heads(op, s, own, thread, n_threads)
        elif code == PREPARE_HEADS:
            _prepare_heads(op, s, own, thread, n_threads)
        elif code == NORM_ADD:
            norm_add(op, s, thread, n_threads)
        elif code == EMBED:
            embed(op, s, own, thread, n_threads)
        elif code == ROPE_TABLE:
            make_rope_table(op, s, thread, n_threads)
        elif code == SOFT_CAP:
            soft_cap(op, s, thread, n_threads)
        elif code == CALL:
            call_operation(arg(op, 0), op, s, own, thread, n_threads)
        elif code == END:
            if thread == 0:
                put_i64(s + FINISHED, 1)
            break
        flags = get_i64(op + FLAGS)
        if flags & BARRIER_AFTER or (many and flags & BARRIER_IF_MANY):
            # The slots alternate: thread 0 writes one only after all have read it two barriers ago.
            if thread == 0:
                put_i64(s + ABORT + 8 * turn, get_i64(s + STOP))
            barrier(s + BARRIER, n_threads, patience)
            if get_i64(s + ABORT + 8 * turn) != 0:
                break
            turn = 1 - turn
        op += OPERATION_BYTES
    # Nobody may start the next run before all have left this one.
    barrier(s + BARRIER, n_threads, patience)
    return get_i64(s + FINISHED)


@entry
def announce(s):
    """Tell the workers to run; how many of them are asleep and must be woken."""
    put_i64(s + FINISHED, 0)
    change(s + COMMAND, get_i64(s + COMMAND) + 1)
    n_parked = 0
    for thread in range(1, get_i64(s + N_THREADS)):
        n_parked += load_acquire(s + PARKED + 64 * thread)
    return n_parked


@entry
def work(s, thread, seen):
    """A worker: run each command after ``seen``; returns the last one seen, negative to quit, to sleep or to end."""
    patience = s + COMMAND_PATIENCE + 64 * thread
    while True:
        while not wait_while(s + COMMAND, seen, patience, RESTS_BEFORE_SLEEP):
            exchange(s + PARKED + 64 * thread, 1)
            if load_acquire(s + COMMAND) == seen:
                return seen
            exchange(s + PARKED + 64 * thread, 0)
        seen = load_acquire(s + COMMAND)
        if get_i64(s + QUIT) != 0:
            return -1
        call_run(get_i64(s + RUN), s, thread)
