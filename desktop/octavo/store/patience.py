"""Waiting for a disk, but not for ever: a network folder whose server has gone answers no call, and no error comes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from octavo.engine.errors import OctavoError

Answer = TypeVar("Answer")
# A sleeping disk needs ten seconds to turn.
SECONDS = 20.0


class NoAnswer(OctavoError):
    """A folder, or a file, does not answer."""

    def __init__(self) -> None:
        super().__init__("It does not answer.", "Look for models again when its disk or network is back.")


class Patience:
    """Does one thing after the other in a thread of its own, which is left behind where one does not end.

    Parameters
    ----------
    seconds : float
        How long each may take.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds or SECONDS
        self._asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] | None = None

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """What ``question`` gives, or raises.

        Raises
        ------
        NoAnswer
            It took too long.
        """
        if self._asked is None:
            self._asked = SimpleQueue()
            threading.Thread(target=_serve, args=(self._asked,), name="patience", daemon=True).start()
        found: Future[Answer] = Future()
        self._asked.put((question, found))
        try:
            return found.result(self._seconds)
        except TimeoutError as error:
            if found.done():  # the error is the question's own, or the answer came this moment
                return found.result()
            self.close()
            raise NoAnswer from error

    def close(self) -> None:
        """Let the thread end when it can."""
        if self._asked is not None:
            self._asked.put(None)
            self._asked = None


def _serve(asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]) -> None:
    while (each := asked.get()) is not None:
        question, found = each
        try:
            found.set_result(question())
        except BaseException as error:  # handed on
            found.set_exception(error)
