"""A vocabulary: every token's text, its kind, and the bytes that it stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.engine.errors import UnreadableModel
from octavo.engine.tokenizer import byte_level

# The token types of GGUF (``tokenizer.ggml.token_type``).
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)

BLANK = "\u2581"
"""The sign that SentencePiece writes for a blank."""

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a model.

    Parameters
    ----------
    texts : sequence of str
        By token id. An empty text never matches anything.
    kinds : sequence of int
        GGUF's token types, by token id.
    is_byte_level : bool
        Whether ordinary tokens are spelled in GPT-2's alphabet of bytes; else ``BLANK`` is a blank.
    """

    texts: Sequence[str]
    kinds: Sequence[int]
    is_byte_level: bool

    def __len__(self) -> int:
        return len(self.texts)

    def ids_of(self, *kinds: int) -> list[int]:
        """The ids of all tokens of these kinds, in order."""
        return [number for number, kind in enumerate(self.kinds) if kind in kinds]

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; control tokens give their own text."""
        text = self.texts[token]
        kind = self.kinds[token]
        if kind in (CONTROL, UNKNOWN):
            return text.encode()
        if kind == BYTE:
            return bytes([byte_value(text)])
        if kind == USER_DEFINED:
            return text.encode() if self.is_byte_level else text.replace(BLANK, " ").encode()
        if kind == NORMAL:
            return byte_level.to_bytes(text) if self.is_byte_level else text.replace(BLANK, " ").encode()
        return b""


def byte_value(text: str) -> int:
    """The byte that a token like ``<0x0A>`` stands for."""
    match = _BYTE_TOKEN.fullmatch(text)
    if match is None:
        raise UnreadableModel(f"The model's vocabulary is damaged: {text[:40]!a} is no byte token.")
    return int(match[1], 16)
