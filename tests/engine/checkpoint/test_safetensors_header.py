from __future__ import annotations

import json
import struct

import pytest

from octavo.engine.checkpoint import safetensors_header
from octavo.engine.checkpoint.safetensors_header import read_entries
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import UnreadableModel


def entries(folder, header, n_data=0):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(n_data))
    with SourceFile(path) as file:
        return read_entries(file), 8 + len(raw)


def at(first, last, dtype="F32", shape=(2, 2)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [first, last]}


def test_entries_keep_the_order_of_the_header(tmp_path):
    header = {"__metadata__": {"format": "pt"}, "b": at(16, 32), "a": at(0, 16), "c": at(32, 34, "F16", ())}
    found, start = entries(tmp_path, header, 34)

    assert list(found) == ["b", "a", "c"]
    assert found["b"].offset == start + 16
    assert found["c"].shape == ()


@pytest.mark.parametrize("second", [2, 3, 4, 5])
def test_a_header_as_long_as_a_pickle_begins_is_read(tmp_path, second):
    length = 0x80 + 256 * second
    header = {"a": at(0, 16), "__metadata__": {"x": ""}}
    header["__metadata__"]["x"] = "y" * (length - len(json.dumps(header)))

    found, start = entries(tmp_path, header, 16)

    assert list(found) == ["a"]
    assert start == 8 + length
    assert (tmp_path / "model.safetensors").read_bytes()[:2] == bytes([0x80, second])


def test_an_empty_tensor_takes_no_room(tmp_path):
    found, _ = entries(tmp_path, {"a": at(0, 0, shape=(0, 4)), "b": at(0, 16)}, 16)

    assert len(found) == 2


BAD = {
    "no JSON": (b"{", 0, "it is no valid JSON ("),
    "a list": (b"[]", 0, "it holds no JSON object."),
    "an entry twice": (b'{"a": {}, "a": {}}', 0, "it names 'a' twice."),
    "an entry that is no object": ({"a": 1}, 0, "the tensor a: its entry is malformed."),
    "an entry without type": (
        {"a": {"shape": [1], "data_offsets": [0, 4]}},
        4,
        "the tensor a: its entry is malformed.",
    ),
    "an entry with more": ({"a": at(0, 16) | {"more": 1}}, 16, "the tensor a: its entry is malformed."),
    "an unknown type": ({"a": at(0, 16, "X7")}, 16, "the tensor a: its type X7 is not known."),
    "a type that is no text": ({"a": at(0, 16, ["F32"])}, 16, "the tensor a: its type ['F32'] is not known."),
    "a negative size": ({"a": at(0, 16, shape=(-2, -2))}, 16, "the tensor a: its shape is malformed."),
    "a size as float": ({"a": at(0, 16, shape=(4.0,))}, 16, "the tensor a: its shape is malformed."),
    "a size as truth": ({"a": at(0, 4, shape=(True,))}, 4, "the tensor a: its shape is malformed."),
    "too many dimensions": ({"a": at(0, 4, shape=(1,) * 9)}, 4, "the tensor a: its shape is malformed."),
    "a product that wraps around": (
        {"a": at(0, 0, shape=(2**32, 2**32))},
        0,
        "the tensor a: its shape does not fit its data.",
    ),
    "a span backwards": ({"a": at(16, 0)}, 16, "the tensor a: its shape does not fit its data."),
    "a span of three": (
        {"a": at(0, 16) | {"data_offsets": [0, 8, 16]}},
        16,
        "the tensor a: its place is malformed.",
    ),
    "a shape that does not fit": ({"a": at(0, 12)}, 12, "the tensor a: its shape does not fit its data."),
    "an overlap": ({"a": at(0, 16), "b": at(8, 24)}, 24, "the tensor b: its data overlaps or leaves a gap."),
    "a gap": ({"a": at(0, 16), "b": at(32, 48)}, 48, "the tensor b: its data overlaps or leaves a gap."),
    "data beyond the file": ({"a": at(0, 16)}, 8, "the file is cut short: it ends before its weights do."),
    "more data than told": ({"a": at(0, 16)}, 17, "it holds more data than its header tells of."),
}


@pytest.mark.parametrize(("header", "n_data", "reason"), BAD.values(), ids=BAD.keys())
def test_a_header_that_lies_is_refused(tmp_path, header, n_data, reason):
    with pytest.raises(UnreadableModel) as refusal:
        entries(tmp_path, header, n_data)
    assert refusal.value.message.startswith(f"model.safetensors: {reason}")


def test_too_many_entries_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(safetensors_header, "MAX_ENTRIES", 2)

    with pytest.raises(UnreadableModel, match="more than the 2 tensors allowed"):
        entries(tmp_path, {name: at(0, 0, shape=(0,)) for name in "abc"})


@pytest.mark.parametrize("raw", [b"", b"\1", struct.pack("<Q", 2**63), struct.pack("<Q", 1000) + b"{}"])
def test_a_file_that_is_none_is_refused(tmp_path, raw):
    path = tmp_path / "model.safetensors"
    path.write_bytes(raw)

    with SourceFile(path) as file, pytest.raises(UnreadableModel):
        read_entries(file)
