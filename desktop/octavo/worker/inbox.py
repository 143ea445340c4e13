"""What the front-end sends: requests wait their turn, a cancellation takes effect at once."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

import msgspec

from octavo.engine.stop import Stop
from octavo.worker.protocol import Cancel, FrameReader, Request, decode_request

_CHUNK_BYTES = 65_536


class Inbox:
    """Reads requests in a thread of its own.

    Parameters
    ----------
    descriptor : int
        Where the requests come from. When it ends, the parent has gone and everything is cancelled.
    complain : callable
        Takes a sentence about something that is no request.
    parent_gone : callable
        Called when the descriptor has ended, before everything is cancelled.
    """

    def __init__(
        self, descriptor: int, complain: Callable[[str], None], parent_gone: Callable[[], None]
    ) -> None:
        self._descriptor = descriptor
        self._complain = complain
        self._parent_gone = parent_gone
        self._waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._stops: dict[int, Stop] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self) -> tuple[Request, Stop] | None:
        """Wait for the next request and what tells it to stop; None when the parent has gone."""
        request = self._waiting.get()
        return None if request is None else (request, self._stop_of(request.id))

    def finished(self, request: Request) -> None:
        """Forget a request."""
        with self._lock:
            self._stops.pop(request.id, None)

    def _read(self) -> None:
        frames = FrameReader()
        try:
            while chunk := os.read(self._descriptor, _CHUNK_BYTES):
                for body in frames.feed(chunk):
                    self._take(body)
        except (
            OSError,
            ValueError,
        ) as error:  # a broken pipe, or lengths that are none: nothing more can come
            self._complain(f"The pipe to the engine is broken: {error}")
        self._leave()

    def _take(self, body: bytes) -> None:
        try:
            request = decode_request(body)
        except msgspec.MsgspecError as error:
            self._complain(f"The engine got something that is no request: {error}")
            return
        if isinstance(request, Cancel):
            with self._lock:
                stop = self._stops.get(request.target)
            if stop is not None:
                stop.set()
            return
        self._stop_of(request.id)
        self._waiting.put(request)

    def _stop_of(self, number: int) -> Stop:
        with self._lock:
            return self._stops.setdefault(number, Stop())

    def _leave(self) -> None:
        self._parent_gone()
        with self._lock:
            stops = list(self._stops.values())
        for stop in stops:
            stop.set()
        self._waiting.put(None)
