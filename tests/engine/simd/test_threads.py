"""Atomics, waits and the barrier, under threads that really run together."""

import threading

import numpy as np
import pytest

from octavo.engine.simd import threads as t
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import get_i64
from octavo.engine.simd.waiting import FEWEST_PAUSES, MOST_PAUSES, barrier, change, wait_while

ROUNDS = 300


@entry
def meet(shared, n_threads, n_rounds, patience):
    """Count in, wait, and look whether all have counted; how often somebody had not."""
    n_missing = 0
    for n in range(n_rounds):
        t.fetch_add(shared, 1)
        barrier(shared + 128, n_threads, patience)
        if get_i64(shared) != n_threads * (n + 1):
            n_missing += 1
        barrier(shared + 128, n_threads, patience)
    return n_missing


@entry
def atomics(p, out):
    t.store_release(p, 5)
    t.store_release(out, t.fetch_add(p, 3))
    t.store_release(out + 8, t.exchange(p, 100))
    t.store_release(out + 16, t.load_acquire(p))
    t.pause()
    return 0


@entry
def wait_probe(p, value, patience, n_rests):
    return wait_while(p, value, patience, n_rests)


@entry
def change_probe(p, value):
    change(p, value)
    return 0


def test_atomics_give_the_value_before():
    place, out = np.zeros(1, np.int64), np.zeros(3, np.int64)

    assert atomics(place.ctypes.data, out.ctypes.data) == 0

    assert out.tolist() == [5, 8, 100]


@pytest.mark.parametrize("n_threads", [1, 2, 3, 5])
def test_nobody_leaves_the_barrier_before_all_have_come(n_threads):
    shared = np.zeros(128, np.int64)
    missing = [-1] * n_threads
    assert meet.address

    def work(n):
        missing[n] = meet(shared.ctypes.data, n_threads, ROUNDS, shared[32 + 8 * n :].ctypes.data)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(n_threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert missing == [0] * n_threads


def test_a_wait_for_nothing_ends_after_its_rests_and_leaves_no_sleeper_behind():
    place, patience = np.zeros(2, np.int64), np.zeros(2, np.int64)

    assert wait_probe(place.ctypes.data, 0, patience.ctypes.data, 3) == 0

    assert place.tolist() == [0, 0]
    assert 0 <= patience[0] <= MOST_PAUSES - FEWEST_PAUSES


def test_what_has_changed_already_is_not_waited_for():
    place, patience = np.ones(2, np.int64), np.zeros(2, np.int64)

    assert wait_probe(place.ctypes.data, 0, patience.ctypes.data, 0) == 1

    assert patience.tolist() == [0, 0]


def test_a_change_wakes_all_who_sleep():
    place, patience = np.zeros(2, np.int64), np.zeros((4, 2), np.int64)
    found = [0] * 4
    assert wait_probe.address

    def wait(n):
        found[n] = wait_probe(place.ctypes.data, 0, patience[n:].ctypes.data, 0)

    waiters = [threading.Thread(target=wait, args=(n,)) for n in range(4)]
    for each in waiters:
        each.start()
    while place[1] < 4:
        threading.Event().wait(0.001)
    change_probe(place.ctypes.data, 7)
    for each in waiters:
        each.join()

    assert found == [1] * 4
    assert place.tolist() == [7, 0]


@pytest.mark.parametrize(
    ("pauses", "left"),
    [(MOST_PAUSES, MOST_PAUSES // 4), (MOST_PAUSES // 4, MOST_PAUSES // 16), (FEWEST_PAUSES, FEWEST_PAUSES)],
)
def test_a_preemption_makes_spins_shorter_and_a_sleep_without_one_longer_again(pauses, left):
    place, patience = np.zeros(2, np.int64), np.array([MOST_PAUSES - pauses, -1])  # never so many preemptions

    wait_probe(place.ctypes.data, 0, patience.ctypes.data, 1)
    after_first = patience.tolist()
    assert after_first[0] == MOST_PAUSES - left
    assert after_first[1] >= 0
    while patience[0] >= after_first[0]:  # the machine may be busy
        before = int(patience[0])
        wait_probe(place.ctypes.data, 0, patience.ctypes.data, 1)

    assert patience[0] == before - 1
