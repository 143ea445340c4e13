from __future__ import annotations

import errno
import hashlib
import os
from types import SimpleNamespace

import gguf
import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import FAMILIES

from octavo.engine.checkpoint import gguf_writer, partial_file
from octavo.engine.checkpoint.gguf_bytes import header_bytes
from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.checkpoint.gguf_writer import GgufWriter
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.outgoing import outgoing_fields
from octavo.engine.errors import NotEnoughDisk, OctavoError


@pytest.fixture
def source(tmp_path):
    with_file = GgufCheckpoint(write_tiny_gguf(tmp_path / "source.gguf", dtype="Q8_0"))
    yield with_file
    with_file.close()


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "copy.gguf"


def names(target):
    return sorted(path.name for path in target.parent.iterdir())


def copy(source, target):
    with GgufWriter(target, source.fields, source.tensors) as writer:
        for info in source.tensors:
            for row in range(0, info.rows, 100):
                writer.write_rows(info.name, source.read(info.name, row, min(100, info.rows - row)))
        return writer.finish()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_equals_what_gguf_py_wrote(tmp_path, target, family):
    path = write_tiny_gguf(tmp_path / "source.gguf", family, dtype="Q8_0")
    digest = copy(GgufCheckpoint(path), target)

    assert target.read_bytes() == path.read_bytes()
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert names(target) == ["copy.gguf"]


def test_every_kind_of_value_survives(source, target):
    kinds = {
        "uint8": 255,
        "int8": -128,
        "uint16": 65535,
        "int16": -2,
        "uint32": 7,
        "int32": -7,
        "uint64": 2**63,
    }
    kinds |= {"int64": -(2**62), "float32": 0.25, "float64": 0.1, "bool": True, "string": "é"}
    fields = dict(source.fields) | {f"test.{kind}": Field(kind, value) for kind, value in kinds.items()}
    fields |= {f"test.list.{kind}": Field("array", [value, value], kind) for kind, value in kinds.items()}
    fields["test.empty"] = Field("array", [], "string")
    with GgufWriter(target, fields, source.tensors) as writer:
        for info in source.tensors:
            writer.write_rows(info.name, source.read(info.name))
        writer.finish()

    written = GgufCheckpoint(target)
    assert written.fields == fields
    reference = gguf.GGUFReader(target)
    assert [reference.fields[f"test.{kind}"].contents() for kind in kinds] == list(kinds.values())


def test_the_size_of_the_head_is_known_beforehand(source, target):
    fields = outgoing_fields(source.fields, 15)
    predicted = header_bytes(fields, source.tensors)
    with GgufWriter(target, fields, source.tensors) as writer:
        for info in source.tensors:
            writer.write_rows(info.name, source.read(info.name))
        n_bytes = writer.n_bytes
        writer.finish()

    assert predicted == source.card.metadata_bytes
    assert n_bytes == target.stat().st_size
    assert GgufCheckpoint(target).card.metadata_bytes == predicted


def test_a_writer_that_is_closed_early_leaves_the_old_file_alone(source, target):
    target.write_bytes(b"old")
    with GgufWriter(target, source.fields, source.tensors) as writer:
        first = source.tensors[0]
        writer.write_rows(first.name, source.read(first.name))
        assert names(target) == ["copy.gguf", "copy.gguf.journal", "copy.gguf.partial"]

    assert names(target) == ["copy.gguf"]
    assert target.read_bytes() == b"old"


def test_an_unfinished_file_is_not_given_the_name(source, target):
    with (
        GgufWriter(target, source.fields, source.tensors) as writer,
        pytest.raises(ValueError, match="is not written yet"),
    ):
        writer.finish()

    assert names(target) == []


def test_rows_out_of_order_are_a_mistake(source, target):
    first, second = source.tensors[:2]
    with GgufWriter(target, source.fields, source.tensors) as writer:
        with pytest.raises(ValueError, match="not the tensor to be written now"):
            writer.write_rows(second.name, source.read(second.name))
        with pytest.raises(ValueError, match="has fewer rows"):
            writer.write_rows(first.name, np.zeros((first.rows + 1, 34 * 8), np.uint8))


def test_a_small_disk_is_told_before_anything_is_written(source, target, monkeypatch):
    monkeypatch.setattr(partial_file.shutil, "disk_usage", lambda _: SimpleNamespace(free=5))

    with pytest.raises(NotEnoughDisk) as refusal:
        GgufWriter(target, source.fields, source.tensors)
    assert refusal.value.available == 5
    assert refusal.value.needed > 1_000_000
    assert names(target) == []


def test_the_folder_is_forced_to_the_disk_once_the_file_has_its_name(source, target, monkeypatch):
    synced = []
    monkeypatch.setattr(partial_file, "sync_folder", lambda folder: synced.append((folder, target.exists())))

    copy(source, target)

    assert synced == [(target.parent, True)]


@pytest.mark.parametrize("step", range(0, 40, 7))
def test_a_disk_that_fills_up_leaves_nothing_behind(source, target, monkeypatch, step):
    target.write_bytes(b"old")
    write, calls = os.write, []

    def full_after_a_while(descriptor, data):
        calls.append(len(data))
        if len(calls) > step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(gguf_writer.os, "write", full_after_a_while)
    with pytest.raises(NotEnoughDisk):
        copy(source, target)

    assert names(target) == ["copy.gguf"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_may_not_be_written_is_named(source, target, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(gguf_writer.os, "open", refuse)

    with pytest.raises(OctavoError, match=r"^Nothing may be written in .*out\."):
        GgufWriter(target, source.fields, source.tensors)


def test_targets_that_cannot_be_are_refused(source, target, tmp_path):
    target.write_bytes(b"old")
    target.chmod(0o444)
    for path, reason in (
        (target, "read-only"),
        (target.parent, "is a folder"),
        (tmp_path / "none" / "x.gguf", "no folder"),
        (target.with_name("x" * 250), "is too long for the disk"),
    ):
        with pytest.raises(OctavoError, match=reason):
            GgufWriter(path, source.fields, source.tensors)
    assert names(target) == ["copy.gguf"]


def test_a_file_spoilt_on_the_disk_is_not_given_the_name(source, target, monkeypatch):
    fsync = os.fsync

    def spoil(descriptor):
        os.pwrite(descriptor, b"\xff" * 8, 100)
        fsync(descriptor)

    monkeypatch.setattr(gguf_writer.os, "fsync", spoil)
    with pytest.raises(OctavoError):
        copy(source, target)

    assert names(target) == []


def test_quantization_comes_last_and_parts_are_forgotten():
    fields = {
        "general.file_type": Field("uint32", 1),
        "split.count": Field("uint16", 2),
        "general.alignment": Field("uint32", 64),
        "general.name": Field("string", "x"),
    }

    assert list(outgoing_fields(fields, 15)) == [
        "general.name",
        "general.quantization_version",
        "general.file_type",
    ]
    assert outgoing_fields(fields, 15)["general.file_type"].value == 15
    assert outgoing_fields(fields, None)["general.file_type"].value == 1
