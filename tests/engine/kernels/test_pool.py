"""The threads of a program: they leave, they sleep, they wake, they stop."""

import os
import threading
import time

import numpy as np
from tests.engine.kernels.programs import Grid, Machine

from octavo.engine.kernels import state
from octavo.engine.kernels.pool import Pool

FREQUENCIES = np.ones(16)


def own_threads():
    return [each for each in threading.enumerate() if each.name.startswith("octavo-")]


def with_table(machine, n_tokens=64):
    """Give the machine something to do; the table that it fills."""
    table = Grid(n_tokens, 32)
    machine.add(state.ROPE_TABLE, FREQUENCIES.ctypes.data, 16, table.address, table.stride, 1.0)
    return table


def test_many_starts_and_ends_leave_no_thread():
    for n in range(500):
        with Machine(2 + n % 3, widest=64) as machine:
            if n % 5:
                table = with_table(machine)
                assert machine.run(3)
                assert table.values[0, 0] == 1

    assert own_threads() == []


def test_closing_twice_and_closing_what_never_ran_is_harmless():
    pool = Pool(3)

    pool.close()
    pool.close()

    assert own_threads() == []


def test_one_thread_needs_no_worker():
    with Machine(1) as machine:
        table = with_table(machine)
        assert machine.run(1)

        assert own_threads() == []
        assert table.values[0, 0] == 1


def test_workers_sleep_when_nothing_comes_and_wake_again():
    with Machine(3) as machine:
        table = with_table(machine)
        assert machine.run(64)
        assert all_parked(machine)

        begin = time.process_time()
        quiet = threading.Event()
        quiet.wait(0.3)
        used = time.process_time() - begin

        table.values[:] = 0
        assert machine.run(64, position=1)
        assert used < 0.02
        assert np.abs(table.values[:, :16] - np.cos(np.arange(1, 65))[:, None]).max() < 1e-6


def all_parked(machine):
    """Wait until the workers say that they sleep; whether they did within a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if machine.n_parked == machine.n_threads - 1:
            return True
        threading.Event().wait(0.001)
    return False


def test_runs_that_follow_one_another_slowly_or_fast_are_all_done():
    with Machine(3) as machine:
        table = with_table(machine, 3)
        for n in range(400):
            table.values[:] = 0
            assert machine.run(3, position=n)
            if n % 50 == 0:
                assert all_parked(machine)
            assert np.abs(table.values[:, 0] - np.cos(n + np.arange(3))).max() < 1e-6


def test_a_stopped_program_ends_before_its_end_and_the_next_run_is_whole():
    with Machine(3) as machine:
        table = with_table(machine)
        machine.stop()
        stopped = machine.run(64)
        machine.go_on()

        assert not stopped
        assert machine.run(64)
        assert np.abs(table.values[:, 16:] - np.sin(np.arange(64))[:, None]).max() < 1e-6


def test_workers_have_a_core_each_where_there_is_a_thread_for_each_core():
    cores = sorted(os.sched_getaffinity(0))
    for n_threads in (len(cores), len(cores) + 1):
        with Machine(n_threads, widest=64) as machine:
            table = with_table(machine)
            assert machine.run(3)
            assert table.values[0, 0] == 1
            found = {each.name: os.sched_getaffinity(each.native_id) for each in own_threads()}

        own = {f"octavo-{n}": {cores[n]} for n in range(1, len(cores))}
        free = {f"octavo-{n}": set(cores) for n in range(1, n_threads)}
        assert found == (own if n_threads == len(cores) else free)
    assert sorted(os.sched_getaffinity(0)) == cores
