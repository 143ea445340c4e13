"""The newest answer to a question that can take long, without waiting for it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Latest(Generic[Answer]):
    """Asks in a thread of its own, one question at a time.

    Parameters
    ----------
    ask : callable
        May take seconds, or never come back.
    before : Answer
        What is told until the first answer is there.
    """

    def __init__(self, ask: Callable[[], Answer], before: Answer) -> None:
        self._ask = ask
        self._answer = before
        self._thread: Thread | None = None
        self._lock = Lock()
        self.is_known = False

    def newest(self, seconds: float) -> Answer:
        """Ask again, unless the last question is still open, and wait so long at most for the answer."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="latest answer", daemon=True)
                self._thread.start()
            thread = self._thread
        thread.join(seconds)
        return self._answer

    def _run(self) -> None:
        self._answer = self._ask()
        self.is_known = True
