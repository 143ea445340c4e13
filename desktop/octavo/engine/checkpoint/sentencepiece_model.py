"""``tokenizer.model``: the pieces of a SentencePiece model, read from its protocol buffer.

Message and field numbers are those of ``sentencepiece_model.proto``: ModelProto.pieces = 1, and in a piece
text = 1, score = 2, type = 3. The types are GGUF's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from octavo.engine.checkpoint.refusals import unreadable
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import UnreadableModel

_MAX_FILE = 64 << 20
_MAX_PIECES = 1 << 20
_NORMAL = 1
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of the vocabulary."""

    text: str
    score: float
    kind: int


def read_pieces(path: Path) -> list[Piece]:
    """All pieces by id."""
    with SourceFile(path) as file:
        if file.size > _MAX_FILE:
            raise unreadable(path, f"the file has {file.size} bytes, more than the {_MAX_FILE} allowed.")
        raw = file.read(0, file.size)
    try:
        pieces = [_piece(value) for number, value in _fields(raw) if number == 1 and isinstance(value, bytes)]
    except (_DamagedError, UnicodeDecodeError, struct.error) as error:
        raise _damaged(path) from error
    if not pieces or len(pieces) > _MAX_PIECES or any(not 1 <= piece.kind <= 6 for piece in pieces):
        raise _damaged(path)
    return pieces


class _DamagedError(Exception):
    """The bytes are no protocol buffer."""


def _damaged(path: Path) -> UnreadableModel:
    return unreadable(path, "it is no SentencePiece model, or a damaged one.")


def _piece(raw: bytes) -> Piece:
    text, score, kind = "", 0.0, _NORMAL
    for number, value in _fields(raw):
        if number == 1 and isinstance(value, bytes):
            text = value.decode()
        elif number == 2 and isinstance(value, bytes):
            (score,) = struct.unpack("<f", value)
        elif number == 3 and isinstance(value, int):
            kind = value
    return Piece(text, score, kind)


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        wire = tag & 7
        if wire == _VARINT:
            value, at = _varint(raw, at)
            yield tag >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(raw, at)
        elif wire in (_EIGHT, _FOUR):
            size = 8 if wire == _EIGHT else 4
        else:
            raise _DamagedError
        if size > len(raw) - at:
            raise _DamagedError
        yield tag >> 3, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(raw):
            break
        byte = raw[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
    raise _DamagedError
