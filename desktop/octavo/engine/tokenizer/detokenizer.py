"""Tokens to text, one at a time, without ever showing half a character."""

from __future__ import annotations

import codecs
from collections.abc import Callable


class Detokenizer:
    """Collects tokens' bytes and gives them out as soon as they make whole characters.

    Parameters
    ----------
    piece : callable
        Token id to the bytes it stands for.
    drops_first_blank : bool
        Whether the blank that SentencePiece puts before a text is taken away again.
    """

    def __init__(self, piece: Callable[[int], bytes], *, drops_first_blank: bool = False) -> None:
        self._piece = piece
        self._drops_blank = drops_first_blank
        # Invalid bytes become U+FFFD; an incomplete character at the end waits for its rest.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The text that is complete now that ``token`` has come; often empty in the middle of an emoji."""
        piece = self._piece(token)
        if self._drops_blank and piece:
            piece = piece.removeprefix(b" ")
            self._drops_blank = False
        return self._decoder.decode(piece)

    def flush(self) -> str:
        """What is left at the end: U+FFFD for a character that was never completed, else nothing."""
        return self._decoder.decode(b"", final=True)
