"""Atomics and the barrier, under threads that really run together."""

import threading

import numpy as np
import pytest

from octavo.engine.simd import threads as t
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import get_i64

ROUNDS = 300


@entry
def meet(shared, n_threads, n_rounds):
    """Count in, wait, and look whether all have counted; how often somebody had not."""
    n_missing = 0
    for n in range(n_rounds):
        t.fetch_add(shared, 1)
        t.barrier(shared + 128, n_threads)
        if get_i64(shared) != n_threads * (n + 1):
            n_missing += 1
        t.barrier(shared + 128, n_threads)
    return n_missing


@entry
def atomics(p, out):
    t.store_release(p, 5)
    t.store_release(out, t.fetch_add(p, 3))
    t.store_release(out + 8, t.exchange(p, 100))
    t.store_release(out + 16, t.load_acquire(p))
    t.pause()
    return t.give_way()


def test_atomics_give_the_value_before():
    place, out = np.zeros(1, np.int64), np.zeros(3, np.int64)

    assert atomics(place.ctypes.data, out.ctypes.data) in (0, 1)

    assert out.tolist() == [5, 8, 100]


@pytest.mark.parametrize("n_threads", [1, 2, 3, 5])
def test_nobody_leaves_the_barrier_before_all_have_come(n_threads):
    shared = np.zeros(64, np.int64)
    missing = [-1] * n_threads
    assert meet.address

    def work(n):
        missing[n] = meet(shared.ctypes.data, n_threads, ROUNDS)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(n_threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert missing == [0] * n_threads
