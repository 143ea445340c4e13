"""SHA-256 of what is written, computed in a thread beside the writing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _hashlib import HASH

# Pieces that may wait; more would be memory without use.
_WAITING = 16

Marked: TypeAlias = Callable[[str], None]


class StreamDigest:
    """A digest that is fed piece by piece.

    Parameters
    ----------
    begun : hash object, optional
        Goes on from what it has read already.
    """

    def __init__(self, begun: HASH | None = None) -> None:
        self._hash = begun or hashlib.sha256()
        self._queue: Queue[bytes | memoryview | Marked | None] = Queue(_WAITING)
        self._thread: Thread | None = None

    def feed(self, piece: bytes | memoryview) -> None:
        """Add bytes, which must not change until ``result`` or ``close``."""
        self._put(piece)

    def mark(self, reached: Marked) -> None:
        """Call ``reached`` with the digest of all that was fed so far, in the digest's own thread."""
        self._put(reached)

    def result(self) -> str:
        """The digest of everything, hexadecimal; nothing may be fed after this."""
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """End the thread; closing twice is no error."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _put(self, item: bytes | memoryview | Marked) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._work, name="octavo-digest", daemon=True)
            self._thread.start()
        self._queue.put(item)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            if callable(item):
                item(self._hash.hexdigest())
            else:
                self._hash.update(item)
