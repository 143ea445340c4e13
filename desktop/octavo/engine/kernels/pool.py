"""The threads that run a program: made once for a model, asleep between answers, gone when it closes."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import numpy as np

from octavo.engine.kernels import program, state


class Pool:
    """The caller's thread and ``n_threads - 1`` workers over one run state.

    Parameters
    ----------
    n_threads : int
        1 to 256.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        # Counters need cache lines of their own.
        self._memory = np.zeros(state.STATE_BYTES // 8 + 8, np.int64)
        self._skip = -(self._memory.ctypes.data // 8) % 8
        self.address = int(self._memory.ctypes.data) + 8 * self._skip  # of the run state
        self._fields = self._memory[self._skip :].data.cast("B").cast("q")
        self.set(state.N_THREADS, n_threads)
        self.set(state.RUN, program.run.address)
        self._events = [threading.Event() for _ in range(n_threads)]
        self._workers: list[threading.Thread] = []
        self._is_closed = False

    def set(self, offset: int, value: int) -> None:
        """Write one field of the state."""
        self._fields[offset // 8] = value

    def get(self, offset: int) -> int:
        """Read one field of the state."""
        return self._fields[offset // 8]

    def stop(self) -> None:
        """Make the running program end at its next barrier; may be called from any thread."""
        self.set(state.STOP, 1)

    def run(self) -> bool:
        """Run the program; whether it came to its end (it does not after ``stop``)."""
        if self.n_threads > 1:
            self._start()
            # A worker that parks says so first and looks at the command once more: one of the two sees the other.
            if program.announce(self.address):
                for thread in range(1, self.n_threads):
                    if self.get(state.PARKED + 64 * thread):
                        self._events[thread].set()
        else:
            self.set(state.FINISHED, 0)
        return bool(program.run(self.address, 0))

    def _start(self) -> None:
        if self._workers:
            return
        for thread in range(1, self.n_threads):
            worker = threading.Thread(target=self._work, args=(thread,), name=f"octavo-{thread}", daemon=True)
            worker.start()
            self._workers.append(worker)

    def _work(self, thread: int) -> None:
        _keep_to_a_core(thread, self.n_threads)
        seen = 0
        while seen >= 0:
            seen = program.work(self.address, thread, seen)
            if seen >= 0:
                self._events[thread].wait()
                self._events[thread].clear()
                self.set(state.PARKED + 64 * thread, 0)

    def close(self) -> None:
        """End the workers."""
        if self._is_closed:
            return
        self._is_closed = True
        self.set(state.QUIT, 1)
        self.set(state.COMMAND, self.get(state.COMMAND) + 1)
        for event in self._events:
            event.set()
        for worker in self._workers:
            worker.join()


def _keep_to_a_core(thread: int, n_threads: int) -> None:
    """Give this worker a core of its own where there is a thread for each.

    When its core is taken for a moment, the system would wake it on the core of the thread that it works with, and
    both would take turns there while the other core is free again. Thread 0 is the caller's, and goes where it likes.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) == n_threads:
            with suppress(OSError):  # the cores were changed meanwhile: it stays free
                os.sched_setaffinity(0, {cores[thread]})
