"""The head of a GGUF file as bytes, version 3, in the order in which llama.cpp and gguf-py write it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from octavo.engine.checkpoint.gguf_head import DEFAULT_ALIGNMENT, MAGIC
from octavo.engine.checkpoint.gguf_values import KINDS, LETTERS
from octavo.engine.checkpoint.model import Field, TensorInfo

_VERSION = 3


def aligned(n_bytes: int) -> int:
    """``n_bytes`` and the padding behind them."""
    return -(-n_bytes // DEFAULT_ALIGNMENT) * DEFAULT_ALIGNMENT


def header_bytes(fields: Mapping[str, Field], tensors: Iterable[TensorInfo]) -> int:
    """Bytes before the tensor data of a file with these fields and tensors, padding included."""
    size = 24
    for key, field in fields.items():
        size += 12 + len(key.encode()) + _value_bytes(field)
    for info in tensors:
        size += 8 + len(info.name.encode()) + 4 + 8 * len(info.shape) + 4 + 8
    return aligned(size)


def encode_header(fields: Mapping[str, Field], tensors: Sequence[TensorInfo]) -> bytes:
    """The head of a file whose tensors follow in this order, each padded to 32 bytes."""
    out = bytearray(MAGIC + struct.pack("<IQQ", _VERSION, len(tensors), len(fields)))
    for key, field in fields.items():
        out += _text(key)
        out += _value(field)
    offset = 0
    for info in tensors:
        out += _text(info.name)
        out += struct.pack(f"<I{len(info.shape)}Q", len(info.shape), *reversed(info.shape))
        out += struct.pack("<IQ", info.block_type.ggml_id, offset)
        offset += aligned(info.n_bytes)
    out += bytes(aligned(len(out)) - len(out))
    return bytes(out)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(field: Field) -> bytes:
    if field.kind != "array":
        return struct.pack("<I", KINDS.index(field.kind)) + _item(field.kind, field.value)
    head = struct.pack("<IIQ", KINDS.index("array"), KINDS.index(field.item_kind), len(field.value))
    if field.item_kind == "string":
        return head + b"".join(map(_text, field.value))
    letter = "?" if field.item_kind == "bool" else LETTERS[field.item_kind]
    return head + struct.pack(f"<{len(field.value)}{letter}", *field.value)


def _item(kind: str, value: int | float | bool | str) -> bytes:
    if isinstance(value, str):
        return _text(value)
    return struct.pack("<" + ("?" if kind == "bool" else LETTERS[kind]), value)


def _value_bytes(field: Field) -> int:
    if field.kind == "string":
        return 8 + len(field.value.encode())
    if field.kind != "array":
        return _width(field.kind)
    if field.item_kind == "string":
        return 12 + 8 * len(field.value) + len("".join(field.value).encode())
    return 12 + _width(field.item_kind) * len(field.value)


def _width(kind: str) -> int:
    return 1 if kind == "bool" else struct.calcsize("<" + LETTERS[kind])
