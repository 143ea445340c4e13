"""A wish to stop that reaches what runs at once, from any thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Stop(threading.Event):
    """An event that calls whoever is at work when it is set.

    Work that looks at an event between its steps ends as late as its longest step does. Work that can be ended inside
    a step says how, for as long as it runs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()  # a signal may interrupt its own thread in here
        self._end: Callable[[], None] | None = None

    def set(self) -> None:
        """Stop; the work that runs is told in this thread before this returns."""
        super().set()
        with self._lock:
            if self._end is not None:
                self._end()

    @contextlib.contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Call ``end`` when this is set, now or until the context is left.

        Parameters
        ----------
        end : callable
            Returns at once; may be called from any thread, and more than once.
        """
        with self._lock:
            self._end = end
        try:
            if self.is_set():
                end()
            yield
        finally:
            with self._lock:
                self._end = None
