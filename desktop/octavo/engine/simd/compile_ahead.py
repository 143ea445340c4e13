"""Compile many entries before they are needed: in several processes at once, into the cache."""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Sequence
from threading import Thread

from octavo.engine.errors import OctavoError
from octavo.engine.progress import COMPILING, Progress, Work
from octavo.engine.simd.cache import is_writable
from octavo.engine.simd.jit import Entry

_COMMAND = ["-P", "-m", "octavo.engine.simd.compile_child"]
_MAX_PROCESSES = 4  # each takes 150 MB
_POLL_SECONDS = 0.1


def compile_ahead(entries: Sequence[Entry], n_processes: int) -> Work[None]:
    """Compile those of ``entries`` that are not in the cache, in their order; the largest should come first.

    Raises
    ------
    OctavoError
        The compiler gave up.
    """
    missing = [each for each in dict.fromkeys(entries) if not each.is_compiled]
    if not missing:
        return
    if not is_writable():
        yield from _compile_here(missing)
        return
    team = _Team(missing, min(n_processes, len(missing), _MAX_PROCESSES))
    try:
        yield from team.work()
    finally:
        team.close()


def _compile_here(missing: Sequence[Entry]) -> Work[None]:
    for done, each in enumerate(missing):
        yield _progress(done, missing)
        each.compile()


def _progress(done: int, missing: Sequence[Entry]) -> Progress:
    n = len(missing)
    shown = missing[min(done, n - 1)].__name__.replace("_", " ")
    return Progress(done, n, f"{COMPILING} {shown}", min(done + 1, n), n)


class _Team:
    """Child processes that take entries in turn, each fed by a thread of its own."""

    def __init__(self, missing: Sequence[Entry], n_processes: int) -> None:
        self._missing = missing
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        for each in missing:
            self._waiting.put(each.place)
        self._children = [
            subprocess.Popen(
                [sys.executable, *_COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                bufsize=1,
            )
            for _ in range(max(1, n_processes))
        ]
        self._feeders = [Thread(target=self._feed, args=(each,), daemon=True) for each in self._children]
        for feeder in self._feeders:
            feeder.start()

    def work(self) -> Work[None]:
        """Tell how far they are until all is compiled; may be closed at any time."""
        done = 0
        while done < len(self._missing):
            yield _progress(done, self._missing)
            try:
                succeeded = self._answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if not succeeded:
                raise OctavoError(
                    "The kernels could not be compiled for this processor.",
                    "Set OCTAVO_TIER=portable to use instructions that every processor has.",
                )
            done += 1

    def _feed(self, child: subprocess.Popen[str]) -> None:
        """Give a child one entry after the other; a child that ends early has failed."""
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            while True:
                child.stdin.write(self._waiting.get_nowait() + "\n")
                succeeded = child.stdout.readline() == "done\n"
                self._answers.put(succeeded)
                if not succeeded:
                    return
        except queue.Empty:
            return
        except OSError:  # it has ended
            self._answers.put(False)

    def close(self) -> None:
        """End the children; what they have compiled stays in the cache."""
        for child in self._children:
            child.kill()
        for child, feeder in zip(self._children, self._feeders, strict=True):
            feeder.join()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                assert pipe is not None
                try:
                    pipe.close()
                except OSError:  # what was written to it has no reader any more
                    continue
