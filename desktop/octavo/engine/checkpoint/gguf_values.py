"""The values in the head of a GGUF file, each checked against the bytes that are left before it is read.

All arithmetic is in Python's integers, which do not wrap. The layout is that of ``gguf.md`` in the ggml
repository: little-endian, texts and arrays led by a 64-bit count.
"""

from __future__ import annotations

import struct

from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import shown, unreadable
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import UnreadableModel

KINDS = (
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "float32",
    "bool",
    "string",
    "array",
    "uint64",
    "int64",
    "float64",
)
"""Names of the value types, by their number in the file."""

LETTERS = {
    "uint8": "B",
    "int8": "b",
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "float32": "f",
    "uint64": "Q",
    "int64": "q",
    "float64": "d",
}
"""Letters of ``struct`` for the numeric types."""

MAX_HEAD = 256 << 20
MAX_TEXT = 16 << 20
MAX_ALL_TEXT = 64 << 20
MAX_ITEMS = 4 << 20
MAX_TEXTS = 1 << 20
_FIRST_STEP, _STEP = 64 << 10, 4 << 20

_COUNT = struct.Struct("<Q")


class Cursor:
    """A position in the head of a file, which moves on with each value that is read.

    Reads the file in steps of up to 4 MiB and lets go of what lies behind it. The first are shorter: most of a
    library's time would pass with reading weights behind small heads.
    """

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._end = min(file.size, MAX_HEAD)
        self._start = 0
        self._window = b""
        self._at = 0
        self._step = _FIRST_STEP
        self._items_left = MAX_ITEMS
        self._texts_left = 2 * MAX_TEXTS
        self._text_left = MAX_ALL_TEXT

    @property
    def offset(self) -> int:
        """Bytes from the file's start."""
        return self._start + self._at

    def refuse(self, reason: str) -> UnreadableModel:
        """The error that says why this file cannot be read."""
        return unreadable(self._file.path, reason)

    def number(self, letter: str) -> int | float:
        """One number; ``letter`` is that of ``struct``."""
        size = struct.calcsize("<" + letter)
        self._need(size)
        (value,) = struct.unpack_from("<" + letter, self._window, self._at)
        self._at += size
        result: int | float = value
        return result

    def count(self) -> int:
        """One unsigned 64-bit count."""
        return int(self.number("Q"))

    def text(self, longest: int = MAX_TEXT) -> str:
        """One text in UTF-8, at most ``longest`` bytes."""
        size = self.count()
        self._refuse_longer(size, longest)
        self._spend_text(size)
        self._need(size)
        raw = self._window[self._at : self._at + size]
        self._at += size
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise self.refuse("a text in it is not valid UTF-8.") from error

    def field(self, key: str) -> Field:
        """One value with its type before it."""
        kind = self._kind(key)
        if kind != "array":
            return Field(kind, self._single(kind, key))
        item_kind = self._kind(key)
        count = self.count()
        if item_kind == "array":
            raise self.refuse(f"the value of {shown(key)} is an array of arrays.")
        if item_kind == "string":
            return Field("array", self._texts(count, key), item_kind)
        return Field("array", self._numbers(count, item_kind, key), item_kind)

    def _kind(self, key: str) -> str:
        number = int(self.number("I"))
        if number >= len(KINDS):
            raise self.refuse(f"the value of {shown(key)} has the unknown type {number}.")
        return KINDS[number]

    def _single(self, kind: str, key: str) -> int | float | bool | str:
        if kind == "string":
            return self.text()
        if kind == "bool":
            value = self.number("B")
            if value > 1:
                raise self.refuse(f"the value of {shown(key)} is neither true nor false.")
            return bool(value)
        return self.number(LETTERS[kind])

    def _numbers(self, count: int, kind: str, key: str) -> list[int] | list[float] | list[bool]:
        letter = "?" if kind == "bool" else LETTERS[kind]
        size = struct.calcsize("<" + letter)
        self._items_left -= count
        if self._items_left < 0:
            raise self.refuse(f"{shown(key)} claims {count} items, more than the {MAX_ITEMS} allowed.")
        self._need(count * size)
        values = list(struct.unpack_from(f"<{count}{letter}", self._window, self._at))
        if kind == "bool" and self._window[self._at : self._at + count].strip(b"\0\1"):
            raise self.refuse(f"{shown(key)} holds values that are neither true nor false.")
        self._at += count * size
        return values

    def _texts(self, count: int, key: str) -> list[str]:
        self._texts_left -= count
        if count > MAX_TEXTS or self._texts_left < 0:
            raise self.refuse(f"{shown(key)} claims {count} texts, more than the {MAX_TEXTS} allowed.")
        if count * 8 > self._end - self.offset:
            raise self._short()
        texts: list[str] = []
        window, at, limit, total = self._window, self._at, len(self._window), 0
        unpack, append = _COUNT.unpack_from, texts.append
        try:
            # Vocabularies hold hundreds of thousands of texts: this loop is the time that opening takes.
            for _ in range(count):
                end = at + 8
                if end <= limit:
                    (size,) = unpack(window, at)
                    end += size
                if end > limit:
                    self._at = at
                    self._spend_text(total)
                    total = 0
                    self._need(8)
                    (size,) = unpack(self._window, self._at)
                    self._refuse_longer(size, MAX_TEXT)
                    self._need(8 + size)
                    window, at, limit = self._window, self._at, len(self._window)
                    end = at + 8 + size
                append(window[at + 8 : end].decode())
                total += end - at
                at = end
        except UnicodeDecodeError as error:
            raise self.refuse(f"a text of {shown(key)} is not valid UTF-8.") from error
        self._at = at
        self._spend_text(total)
        return texts

    def _refuse_longer(self, size: int, longest: int) -> None:
        if size > longest:
            raise self.refuse(f"a text in it claims {size} bytes, more than the {longest} allowed.")

    def _spend_text(self, size: int) -> None:
        self._text_left -= size
        if self._text_left < 0:
            raise self.refuse(f"its texts take more than the {MAX_ALL_TEXT >> 20} MiB allowed.")

    def _need(self, size: int) -> None:
        """Have ``size`` bytes in the window, or refuse the file."""
        missing = self._at + size - len(self._window)
        if missing <= 0:
            return
        start = self._start + self._at
        if start + size > self._end:
            raise self._short()
        self._window = self._file.read(start, min(max(size, self._step), self._end - start))
        self._start, self._at = start, 0
        self._step = min(4 * self._step, _STEP)

    def _short(self) -> UnreadableModel:
        if self._end < self._file.size:
            return self.refuse(f"its metadata is larger than the {MAX_HEAD >> 20} MiB allowed.")
        return self.refuse("the file is cut short: it ends before its metadata does.")
