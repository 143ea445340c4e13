"""The head of a GGUF file: metadata, and where each tensor lies. Every number is checked before it is used."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from octavo.engine.blocks.types import block_type_of_id
from octavo.engine.checkpoint.gguf_values import Cursor
from octavo.engine.checkpoint.model import Field, TensorInfo
from octavo.engine.checkpoint.refusals import shown, unreadable
from octavo.engine.checkpoint.source_file import SourceFile

MAGIC = b"GGUF"
DEFAULT_ALIGNMENT = 32
MAX_FIELDS = 4096
MAX_TENSORS = 65536
MAX_KEY = 65535
MAX_NAME = 63
_MAX_WEIGHTS = 1 << 62


@dataclass(frozen=True)
class Head:
    """All of a GGUF file but its weights.

    Parameters
    ----------
    version : int
    fields : dict of str to Field
        In file order.
    tensors : list of TensorInfo
        In file order, which is the order of their data.
    offsets : dict of str to int
        Bytes from the file's start to each tensor's data.
    n_bytes : int
        Bytes before the first tensor's data, padding included.
    """

    version: int
    fields: dict[str, Field]
    tensors: list[TensorInfo]
    offsets: dict[str, int]
    n_bytes: int


def read_head(file: SourceFile) -> Head:
    """Read and check the head of a GGUF file, version 2 or 3, little-endian."""
    version, n_tensors, n_fields, cursor = _read_counts(file)
    fields: dict[str, Field] = {}
    for _ in range(n_fields):
        key = cursor.text(MAX_KEY)
        if not key or key in fields:
            raise cursor.refuse(f"its metadata key '{shown(key)}' is {'there twice' if key else 'empty'}.")
        fields[key] = cursor.field(key)
    alignment = _alignment(cursor, fields)
    entries = [_read_entry(cursor) for _ in range(n_tensors)]
    start = -(-cursor.offset // alignment) * alignment
    offsets: dict[str, int] = {}
    expected = 0
    for info, offset in entries:
        if info.name in offsets:
            raise cursor.refuse(f"the tensor {shown(info.name)} is there twice.")
        if offset != expected:
            raise cursor.refuse(f"the data of {shown(info.name)} does not lie where it must (byte {offset}).")
        if start + offset + info.n_bytes > file.size:
            raise cursor.refuse(f"the file is cut short: it ends before the data of {shown(info.name)} does.")
        offsets[info.name] = start + offset
        expected = -(-(offset + info.n_bytes) // alignment) * alignment
    return Head(version, fields, [info for info, _ in entries], offsets, start)


def _read_counts(file: SourceFile) -> tuple[int, int, int, Cursor]:
    if file.size == 0:
        raise unreadable(file.path, "the file is empty.")
    if file.read(0, min(4, file.size)) != MAGIC:
        raise unreadable(file.path, "this is no GGUF file: its first four bytes are not 'GGUF'.")
    cursor = Cursor(file)
    cursor.number("I")
    version = int(cursor.number("I"))
    if version & 0xFFFF == 0 and version:
        raise cursor.refuse("this GGUF file is big-endian; only little-endian ones can be read.")
    if version not in (2, 3):
        raise cursor.refuse(f"GGUF version {version} is not known; versions 2 and 3 are.")
    n_tensors, n_fields = cursor.count(), cursor.count()
    if n_fields > MAX_FIELDS:
        raise cursor.refuse(f"it claims {n_fields} metadata values, more than the {MAX_FIELDS} allowed.")
    if n_tensors > MAX_TENSORS:
        raise cursor.refuse(f"it claims {n_tensors} tensors, more than the {MAX_TENSORS} allowed.")
    # A metadata value takes at least 13 bytes, a tensor's entry 33.
    if n_fields * 13 + n_tensors * 33 > file.size - cursor.offset:
        raise cursor.refuse("the file is cut short: it ends before its metadata does.")
    return version, n_tensors, n_fields, cursor


def _alignment(cursor: Cursor, fields: dict[str, Field]) -> int:
    field = fields.get("general.alignment")
    if field is None:
        return DEFAULT_ALIGNMENT
    value = field.value
    if field.kind != "uint32" or value & (value - 1) or not 1 <= value <= 1 << 20:
        raise cursor.refuse("its general.alignment is not a power of two.")
    return int(value)


def _read_entry(cursor: Cursor) -> tuple[TensorInfo, int]:
    name = cursor.text(MAX_NAME)
    if not name or any(unicodedata.category(letter)[0] == "C" for letter in name):
        raise cursor.refuse(f"a tensor has the impossible name '{shown(name)}'.")
    n_dimensions = int(cursor.number("I"))
    if not 1 <= n_dimensions <= 4:
        raise cursor.refuse(f"the tensor {shown(name)} has {n_dimensions} dimensions; 1 to 4 are allowed.")
    sizes = [cursor.count() for _ in range(n_dimensions)]
    n_weights = 1
    for size in sizes:
        n_weights *= size
    if not 0 < n_weights < _MAX_WEIGHTS:
        raise cursor.refuse(f"the tensor {shown(name)} claims {n_weights} weights.")
    type_number = int(cursor.number("I"))
    block = block_type_of_id(type_number)
    if block is None:
        raise cursor.refuse(f"the tensor {shown(name)} has the unknown type {type_number}.")
    if sizes[0] % block.n_weights:
        raise cursor.refuse(
            f"a row of {shown(name)} ({sizes[0]} weights) is no whole number of {block.name} blocks."
        )
    return TensorInfo(name, tuple(reversed(sizes)), block), cursor.count()
