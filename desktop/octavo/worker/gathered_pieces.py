"""An answer told no more often than it is drawn: whoever reads along on the same cores slows the writer down."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

SECONDS_BETWEEN_PIECES = 1 / 30


class GatheredPieces:
    """Puts together what comes in quick succession; first pieces, and those of a slow answer, go on at once.

    As a context it sends the last of them at its end.

    Parameters
    ----------
    send : callable
        Takes the number of the answer, a text, and how many tokens the answer has by then.
    clock : callable
        Seconds.
    """

    def __init__(
        self, send: Callable[[int, str, int], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._send = send
        self._clock = clock
        self._number = -1
        self._texts: list[str] = []
        self._n_tokens = 0
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def add(self, text: str, n_tokens: int, number: int = 0) -> None:
        """Some more of an answer, which has ``n_tokens`` now; the first of another answer goes on at once."""
        is_new = number != self._number
        if is_new:
            self.flush()
        self._number, self._n_tokens = number, n_tokens
        self._texts.append(text)
        if is_new or self._clock() >= self._next:
            self.flush()

    def flush(self) -> None:
        """Send what is held back."""
        if self._texts:
            text = "".join(self._texts)
            self._texts.clear()
            self._next = self._clock() + SECONDS_BETWEEN_PIECES
            self._send(self._number, text, self._n_tokens)
