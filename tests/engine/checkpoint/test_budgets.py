"""What a file may claim at most, whatever its size: each limit is told by its own sentence."""

from __future__ import annotations

import os
import struct

import pytest
from tests.fixtures.hostile import ARRAY, STRING, UINT8, field, gguf

from octavo.engine.checkpoint import gguf_values
from octavo.engine.checkpoint.gguf_head import read_head
from octavo.engine.checkpoint.safetensors_header import read_entries
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import UnreadableModel

MIB = 1 << 20


def refusal(folder, head, size):
    """What is said of a file that begins with ``head``, and has zeros behind it that take no room."""
    path = folder / "model.gguf"
    path.write_bytes(head)
    os.truncate(path, size)
    with SourceFile(path) as file, pytest.raises(UnreadableModel) as refused:
        read_head(file)
    return refused.value.message.removeprefix("model.gguf: ")


def long_array(kind, count, first=b""):
    return gguf([field("a", ARRAY, struct.pack("<IQ", kind, count) + first)])


BUDGETS = {
    "metadata values": (gguf(n_fields=4097), "it claims 4097 metadata values, more than the 4096 allowed."),
    "tensors": (gguf(n_tensors=65537), "it claims 65537 tensors, more than the 65536 allowed."),
    "a key": (
        gguf([struct.pack("<Q", 65536)]),
        "a text in it claims 65536 bytes, more than the 65535 allowed.",
    ),
    "a tensor's name": (
        gguf([], [struct.pack("<Q", 64)]),
        "a text in it claims 64 bytes, more than the 63 allowed.",
    ),
    "a text": (
        gguf([field("a", STRING, struct.pack("<Q", 16 * MIB + 1))]),
        "a text in it claims 16777217 bytes, more than the 16777216 allowed.",
    ),
    "a text in an array": (
        long_array(STRING, 1, struct.pack("<Q", 16 * MIB + 1)),
        "a text in it claims 16777217 bytes, more than the 16777216 allowed.",
    ),
    "items of an array": (
        long_array(UINT8, 4 * MIB + 1),
        "a claims 4194305 items, more than the 4194304 allowed.",
    ),
    "texts of an array": (
        long_array(STRING, MIB + 1),
        "a claims 1048577 texts, more than the 1048576 allowed.",
    ),
}


@pytest.mark.parametrize(("head", "sentence"), BUDGETS.values(), ids=BUDGETS.keys())
def test_one_more_than_allowed_is_refused_though_the_file_is_large_enough(tmp_path, head, sentence):
    assert refusal(tmp_path, head, 32 * MIB) == sentence


def test_all_texts_together_have_a_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(gguf_values, "MAX_ALL_TEXT", MIB)
    half = struct.pack("<Q", MIB // 2 + 1) + bytes(MIB // 2 + 1)

    said = refusal(tmp_path, gguf([field(key, STRING, half) for key in "ab"]), 2 * MIB)

    assert said == "its texts take more than the 1 MiB allowed."


def test_the_whole_head_has_a_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(gguf_values, "MAX_HEAD", MIB)

    said = refusal(tmp_path, long_array(UINT8, 2 * MIB), 4 * MIB)

    assert said == "its metadata is larger than the 1 MiB allowed."


def test_a_header_of_safetensors_has_a_budget(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 100_000_001) + b"{}")
    os.truncate(path, 128 * MIB)

    with SourceFile(path) as file, pytest.raises(UnreadableModel, match="header claims to be too large"):
        read_entries(file)
