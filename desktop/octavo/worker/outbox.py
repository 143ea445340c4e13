"""What the child sends: whole frames, and progress no more often than people can see."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from octavo.engine.progress import Progress
from octavo.worker.protocol import Message, Progressed, frame

SECONDS_BETWEEN_PROGRESS = 0.1


def _nothing() -> None:
    pass


class Outbox:
    """Writes events to a descriptor; safe from any thread.

    Parameters
    ----------
    descriptor : int
    nobody_reads : callable
        Called before ``BrokenPipeError`` is raised.
    """

    def __init__(self, descriptor: int, nobody_reads: Callable[[], None] = _nothing) -> None:
        self._descriptor = descriptor
        self._nobody_reads = nobody_reads
        self._lock = threading.Lock()
        self._last: tuple[int, str] = (0, "")
        self._last_time = 0.0

    def send(self, event: Message) -> None:
        """Write one event; raises ``BrokenPipeError`` when nobody reads."""
        rest = memoryview(frame(event))
        try:
            with self._lock:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
        except BrokenPipeError:
            self._nobody_reads()
            raise

    def progress(self, number: int, stage: str, progress: Progress) -> None:
        """Tell the progress of request ``number``; the first and the last of each stage always."""
        now = time.monotonic()
        is_new = self._last != (number, stage)
        is_last = progress.total > 0 and progress.done >= progress.total
        if not is_new and not is_last and now - self._last_time < SECONDS_BETWEEN_PROGRESS:
            return
        self._last, self._last_time = (number, stage), now
        self.send(
            Progressed(
                id=number,
                stage=stage,
                done=progress.done,
                total=progress.total,
                label=progress.label,
                step=progress.step,
                n_steps=progress.n_steps,
            )
        )
