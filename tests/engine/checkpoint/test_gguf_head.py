from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from tests.fixtures.hostile import (
    ARRAY,
    BOOL,
    FLOAT32,
    STRING,
    UINT8,
    UINT32,
    UINT64,
    field,
    gguf,
    tensor,
    text,
)

from octavo.engine.checkpoint import gguf_values
from octavo.engine.checkpoint.gguf_head import Head, read_head
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import UnreadableModel


def head_of(folder: Path, raw: bytes) -> Head:
    path = folder / "model.gguf"
    path.write_bytes(raw)
    with SourceFile(path) as file:
        return read_head(file)


def array(kind: int, count: int, items: bytes) -> bytes:
    return struct.pack("<IQ", kind, count) + items


def one(value: int) -> bytes:
    return struct.pack("<I", value)


@pytest.mark.parametrize("version", [2, 3])
def test_both_little_endian_versions_are_read(tmp_path, version):
    head = head_of(
        tmp_path, gguf([field("a", UINT32, one(7))], [tensor("w", (4, 2))], version=version, n_data=32)
    )

    assert head.fields["a"].value == 7
    assert head.tensors[0].shape == (2, 4)
    assert head.offsets["w"] == head.n_bytes


def test_values_keep_their_type_and_order(tmp_path):
    raw = gguf(
        [
            field("z", STRING, text("wörld")),
            field("b", BOOL, b"\1"),
            field("f", FLOAT32, struct.pack("<f", 0.5)),
            field("texts", ARRAY, array(STRING, 2, text("x") + text(""))),
            field("bools", ARRAY, array(BOOL, 3, b"\1\0\1")),
            field("big", UINT64, struct.pack("<Q", 2**64 - 1)),
        ]
    )

    fields = head_of(tmp_path, raw).fields

    assert list(fields) == ["z", "b", "f", "texts", "bools", "big"]
    assert fields["z"].value == "wörld"
    assert fields["b"].value is True
    assert fields["texts"].value == ["x", ""]
    assert fields["texts"].item_kind == "string"
    assert fields["bools"].value == [True, False, True]
    assert fields["big"].value == 2**64 - 1


def test_texts_that_cross_a_read_step_are_whole(tmp_path):
    texts = [f"{n:07}" * 100 for n in range(8000)]
    raw = gguf([field("t", ARRAY, array(STRING, len(texts), b"".join(map(text, texts))))])

    assert len(raw) > 5 << 20
    assert head_of(tmp_path, raw).fields["t"].value == texts


def test_weights_behind_a_small_head_are_not_read(tmp_path, monkeypatch):
    taken = []
    read = SourceFile.read
    monkeypatch.setattr(
        SourceFile, "read", lambda self, offset, n: (taken.append(n), read(self, offset, n))[1]
    )

    head_of(tmp_path, gguf([field("a", UINT32, one(7))], [tensor("w", (1024, 1024))], n_data=4 << 20))

    assert sum(taken) < 70_000


def test_a_file_cut_anywhere_in_its_head_is_refused(tmp_path):
    fields = [
        field("name", STRING, text("tiny")),
        field("tokens", ARRAY, array(STRING, 3, text("a") + text("bc") + text("def"))),
        field("types", ARRAY, array(UINT32, 3, bytes(12))),
    ]
    raw = gguf(fields, [tensor("w", (32, 2), 8), tensor("v", (4,), 0, 96)], n_data=96 + 16)
    path = tmp_path / "cut.gguf"

    assert len(head_of(tmp_path, raw).tensors) == 2
    path.write_bytes(raw)
    for length in range(len(raw) - 1, 0, -3):
        os.truncate(path, length)
        with SourceFile(path) as file, pytest.raises(UnreadableModel) as refusal:
            read_head(file)
        assert "cut.gguf" in str(refusal.value)


HUGE = 2**63
HOSTILE = {
    "empty file": (b"", "the file is empty."),
    "text file": (
        b"just some text, no model at all",
        "this is no GGUF file: its first four bytes are not 'GGUF'.",
    ),
    "version 1": (gguf(version=1), "GGUF version 1 is not known; versions 2 and 3 are."),
    "version 4": (gguf(version=4), "GGUF version 4 is not known; versions 2 and 3 are."),
    "big-endian": (
        b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
        "this GGUF file is big-endian; only little-endian ones can be read.",
    ),
    "huge count of fields": (
        gguf(n_fields=HUGE),
        "it claims 9223372036854775808 metadata values, more than the 4096 allowed.",
    ),
    "huge count of tensors": (
        gguf(n_tensors=2**64 - 1),
        "it claims 18446744073709551615 tensors, more than the 65536 allowed.",
    ),
    "more fields than bytes": (
        gguf(n_fields=4000),
        "the file is cut short: it ends before its metadata does.",
    ),
    "huge key": (
        gguf([struct.pack("<Q", HUGE) + b"x" * 64]),
        "a text in it claims 9223372036854775808 bytes, more than the 65535 allowed.",
    ),
    "key that wraps around": (
        gguf([struct.pack("<Q", 2**64 - 8) + b"x" * 64]),
        "a text in it claims 18446744073709551608 bytes, more than the 65535 allowed.",
    ),
    "empty key": (gguf([field("", UINT32, one(1))]), "its metadata key '' is empty."),
    "key twice": (
        gguf([field("a", UINT32, one(1)), field("a", UINT32, one(1))]),
        "its metadata key 'a' is there twice.",
    ),
    "key not UTF-8": (gguf([field(b"\xff\xfe", UINT32, one(1))]), "a text in it is not valid UTF-8."),
    "unknown value type": (gguf([field("a", 13, one(1) * 8)]), "the value of a has the unknown type 13."),
    "text not UTF-8": (gguf([field("a", STRING, text(b"\xc3\x28"))]), "a text in it is not valid UTF-8."),
    "huge text": (
        gguf([field("a", STRING, struct.pack("<Q", 2**40) + bytes(64))]),
        "a text in it claims 1099511627776 bytes, more than the 16777216 allowed.",
    ),
    "array of arrays": (
        gguf([field("a", ARRAY, array(ARRAY, 1, array(UINT32, 1, one(1))))]),
        "the value of a is an array of arrays.",
    ),
    "huge array of numbers": (
        gguf([field("a", ARRAY, array(UINT32, HUGE, bytes(64)))]),
        "a claims 9223372036854775808 items, more than the 4194304 allowed.",
    ),
    "array larger than the file": (
        gguf([field("a", ARRAY, array(UINT8, 4 << 20, bytes(64)))]),
        "the file is cut short: it ends before its metadata does.",
    ),
    "huge array of texts": (
        gguf([field("a", ARRAY, array(STRING, 2**61, bytes(64)))]),
        "a claims 2305843009213693952 texts, more than the 1048576 allowed.",
    ),
    "array of texts larger than the file": (
        gguf([field("a", ARRAY, array(STRING, 1 << 20, bytes(64)))]),
        "the file is cut short: it ends before its metadata does.",
    ),
    "text in array beyond the file": (
        gguf([field("a", ARRAY, array(STRING, 2, text("x") + struct.pack("<Q", 2**64 - 1) + bytes(32)))]),
        "a text in it claims 18446744073709551615 bytes, more than the 16777216 allowed.",
    ),
    "text in array not UTF-8": (
        gguf([field("a", ARRAY, array(STRING, 1, text(b"\xff")))]),
        "a text of a is not valid UTF-8.",
    ),
    "neither true nor false": (gguf([field("a", BOOL, b"\2")]), "the value of a is neither true nor false."),
    "array neither true nor false": (
        gguf([field("a", ARRAY, array(BOOL, 2, b"\1\7"))]),
        "a holds values that are neither true nor false.",
    ),
    "alignment zero": (
        gguf([field("general.alignment", UINT32, one(0))]),
        "its general.alignment is not a power of two.",
    ),
    "alignment 3": (
        gguf([field("general.alignment", UINT32, one(3))]),
        "its general.alignment is not a power of two.",
    ),
    "alignment no integer": (
        gguf([field("general.alignment", STRING, text("32"))]),
        "its general.alignment is not a power of two.",
    ),
    "tensor without dimensions": (
        gguf([], [tensor("w", ())], n_data=64),
        "the tensor w has 0 dimensions; 1 to 4 are allowed.",
    ),
    "tensor of five dimensions": (
        gguf([], [tensor("w", (1, 1, 1, 1, 1))], n_data=64),
        "the tensor w has 5 dimensions; 1 to 4 are allowed.",
    ),
    "tensor of no size": (gguf([], [tensor("w", (0, 4))], n_data=64), "the tensor w claims 0 weights."),
    "product that wraps around": (
        gguf([], [tensor("w", (2**32, 2**32))], n_data=64),
        "the tensor w claims 18446744073709551616 weights.",
    ),
    "unknown tensor type": (
        gguf([], [tensor("w", (32,), 99)], n_data=64),
        "the tensor w has the unknown type 99.",
    ),
    "removed tensor type": (
        gguf([], [tensor("w", (32,), 4)], n_data=64),
        "the tensor w has the unknown type 4.",
    ),
    "row no whole blocks": (
        gguf([], [tensor("w", (33, 2), 8)], n_data=128),
        "a row of w (33 weights) is no whole number of Q8_0 blocks.",
    ),
    "nameless tensor": (gguf([], [tensor("", (4,))], n_data=64), "a tensor has the impossible name ''."),
    "long name": (
        gguf([], [tensor("w" * 64, (4,))], n_data=64),
        "a text in it claims 64 bytes, more than the 63 allowed.",
    ),
    "control character in name": (
        gguf([], [tensor("w\n", (4,))], n_data=64),
        "a tensor has the impossible name 'w\\n'.",
    ),
    "tensor twice": (
        gguf([], [tensor("w", (8,)), tensor("w", (8,), 0, 32)], n_data=64),
        "the tensor w is there twice.",
    ),
    "overlapping tensors": (
        gguf([], [tensor("w", (8,)), tensor("v", (8,))], n_data=64),
        "the data of v does not lie where it must (byte 0).",
    ),
    "gap between tensors": (
        gguf([], [tensor("w", (8,)), tensor("v", (8,), 0, 64)], n_data=128),
        "the data of v does not lie where it must (byte 64).",
    ),
    "unaligned offset": (
        gguf([], [tensor("w", (8,)), tensor("v", (8,), 0, 36)], n_data=128),
        "the data of v does not lie where it must (byte 36).",
    ),
    "offset that wraps around": (
        gguf([], [tensor("w", (8,), 0, 2**64 - 32)], n_data=64),
        "the data of w does not lie where it must (byte 18446744073709551584).",
    ),
    "data beyond the file": (
        gguf([], [tensor("w", (1 << 20,))], n_data=64),
        "the file is cut short: it ends before the data of w does.",
    ),
}


@pytest.mark.parametrize(("raw", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_in_one_line_that_says_why(tmp_path, raw, reason):
    with pytest.raises(UnreadableModel) as refusal:
        head_of(tmp_path, raw)

    message = refusal.value.message
    assert message == f"model.gguf: {reason}"
    assert len(message) <= 300
    assert message.isprintable()


def test_control_and_direction_characters_are_escaped(tmp_path):
    key = "evil\x1b[2J\u202e"
    with pytest.raises(UnreadableModel) as refusal:
        head_of(tmp_path, gguf([field(key, UINT32, one(1)), field(key, UINT32, one(1))]))

    assert "evil\\x1b[2J\\u202e" in refusal.value.message


def test_all_arrays_together_have_a_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(gguf_values, "MAX_TEXTS", 4)
    three = [field(key, ARRAY, array(STRING, 3, text("a") * 3)) for key in "abc"]

    assert len(head_of(tmp_path, gguf(three[:2])).fields) == 2
    with pytest.raises(UnreadableModel, match="c claims 3 texts"):
        head_of(tmp_path, gguf(three))


def test_the_last_tensor_may_lack_its_padding(tmp_path):
    assert head_of(tmp_path, gguf([], [tensor("w", (3,))], n_data=12)).tensors[0].n_bytes == 12
