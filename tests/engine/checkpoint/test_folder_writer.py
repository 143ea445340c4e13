"""Folders of 4-bit groups in the making: parts, killed and gone on with, locked, replaced, refused."""

import contextlib
import hashlib
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.fixtures.biases import write_biases
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode
from octavo.engine.checkpoint.folder_writer import FolderWriter
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.checkpoint.outgoing import with_recipe
from octavo.engine.errors import NotEnoughDisk, OctavoError
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost

SHAPE = Shape(n_layers=2, n_embedding=128, n_feed_forward=192, n_heads=2, n_kv_heads=1, context_length=64)
AWQ = PluginHost().quantizer("AWQ")
IDENTITY = {"source": "a", "options": "b"}


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE))) as model:
        yield model


@pytest.fixture
def target(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "new"


def planned(source):
    plan = AWQ.plan(source.tensors, None)
    by_name = {each.name: each for each in source.tensors}
    return plan, [type(by_name[name])(name, by_name[name].shape, kind) for name, kind in plan.types.items()]


def writer_of(source, target, **options):
    plan, tensors = planned(source)
    options = {"identity": IDENTITY, "force": False} | options
    return FolderWriter(target, source, tensors, plan.layout, plan.group, **options)


def write(writer, source, first, last=None):
    for each in planned(source)[1][first:last]:
        original = source.tensor(each.name)
        weights = decode(source.read(each.name), original.block_type)
        writer.write_rows(each.name, AWQ.encode(weights, each.block_type, None))


def made(source, target, fields=None, **options):
    """Write what is missing; the tensors that were there, and the digest."""
    with contextlib.closing(writer_of(source, target, **options)) as writer:
        n_done = finish(writer.start())
        write(writer, source, n_done)
        digest = finish(writer.complete(fields))
        writer.publish()
    return n_done, digest


def killed(source, target, n_tensors, **options):
    """Leave what a process killed behind its ``n_tensors``-th tensor leaves."""
    writer = writer_of(source, target, **options)
    finish(writer.start())
    write(writer, source, 0, n_tensors)
    writer._journal.commit()
    kept = target.with_name("kept")
    shutil.copytree(writer.path, kept)
    journal = writer._folder.journal_path.read_bytes()
    writer.close()
    assert [each.name for each in target.parent.iterdir() if each != target] == ["kept"]
    kept.rename(writer.path)
    target.with_name("new.journal").write_bytes(journal)


def contents(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_biases_go_back_to_the_order_of_their_matrices(tmp_path, target):
    folder = write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE)
    biases = write_biases(folder, SHAPE)
    with contextlib.closing(open_checkpoint(folder)) as source:
        made(source, target)

    written = load_file(target / "model.safetensors")
    for name, numbers in biases.items():
        assert np.array_equal(written[name], numbers), name


def test_weights_are_shared_out_to_files_with_an_index(source, target):
    made(source, target)
    one = target.with_name("one")
    target.rename(one)

    _, digest = made(source, target, most_bytes=60_000)

    parts = sorted(target.glob("model-*.safetensors"))
    assert len(parts) > 2
    assert all(each.stat().st_size < 120_000 for each in parts)
    lines = "".join(f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in parts)
    assert digest == hashlib.sha256(lines.encode()).hexdigest()
    index = json.loads((target / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"].values()) == {each.name for each in parts}
    with (
        contextlib.closing(open_checkpoint(one)) as whole,
        contextlib.closing(open_checkpoint(target)) as split,
    ):
        assert sorted(whole.tensors, key=str) == sorted(split.tensors, key=str)
        for each in whole.tensors:
            assert (whole.read(each.name) == split.read(each.name)).all()


@pytest.mark.parametrize("most_bytes", [60_000, 10_000_000])
@pytest.mark.parametrize("n_tensors", [0, 1, 7, 20])
def test_a_killed_folder_is_gone_on_with(source, target, n_tensors, most_bytes):
    made(source, target, most_bytes=most_bytes)
    whole = contents(target)
    shutil.rmtree(target)
    killed(source, target, n_tensors, most_bytes=most_bytes)

    n_done, _ = made(source, target, most_bytes=most_bytes)

    assert n_done == n_tensors
    assert contents(target) == whole
    assert names(target.parent) == ["new"]


def test_what_is_damaged_is_written_again(source, target):
    made(source, target)
    whole = contents(target)
    shutil.rmtree(target)
    killed(source, target, 9)
    path = target.with_name("new.partial") / "model.safetensors"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 :] = bytes(len(raw) - len(raw) // 2)
    path.write_bytes(raw)

    n_done, _ = made(source, target)

    assert n_done < 9
    assert contents(target) == whole


def test_another_conversion_begins_afresh(source, target):
    killed(source, target, 9)

    with contextlib.closing(writer_of(source, target, identity=IDENTITY | {"options": "c"})) as writer:
        assert writer.differences == ["options"]
        assert finish(writer.start()) == 0


def test_only_one_writes_a_folder(source, target):
    with contextlib.closing(writer_of(source, target)) as writer:
        finish(writer.start())
        with pytest.raises(OctavoError, match="written by another conversion"):
            writer_of(source, target)
    assert names(target.parent) == []


def test_the_files_tell_how_they_were_made(source, target):
    made(source, target, with_recipe({}, {"octavo": "1"}, "ab" * 32))

    raw = (target / "model.safetensors").read_bytes()
    told = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])["__metadata__"]
    assert told["format"] == "pt"
    assert json.loads(told["octavo.recipe"]) == {"octavo": "1"}
    assert told["octavo.source.sha256"] == "ab" * 32


def test_an_older_folder_is_replaced_where_that_is_allowed(source, target):
    made(source, target)
    (target / "README.md").write_text("old")

    with pytest.raises(OctavoError, match="exists already"):
        made(source, target)
    made(source, target, force=True)

    assert "README.md" not in names(target)
    assert names(target.parent) == ["new"]


@pytest.mark.parametrize("inside", ["notes/", "config.json"])
def test_a_folder_with_more_than_a_model_is_never_replaced(source, target, inside):
    target.mkdir()
    (target / "config.json").write_text("{}")
    if inside.endswith("/"):
        (target / inside).mkdir()

    with pytest.raises(OctavoError, match="not replaced"):
        writer_of(source, target, force=True)
    assert names(target.parent) == ["new"]


def test_killed_between_the_renames_the_older_folder_is_put_back(source, target):
    made(source, target)
    whole = contents(target)
    killed(source, target, 20, force=True)
    target.rename(target.with_name("new.partial.old"))

    with pytest.raises(OctavoError, match="exists already"):
        writer_of(source, target)
    assert contents(target) == whole
    assert made(source, target, force=True)[0] == 20
    assert names(target.parent) == ["new"]


def test_somebody_elses_folder_is_left_alone(source, target):
    work = target.with_name("new.partial")
    work.mkdir()
    (work / "thesis.txt").write_text("years of work")

    with pytest.raises(OctavoError, match="in the way"):
        writer_of(source, target)
    assert (work / "thesis.txt").read_text() == "years of work"
    assert names(target.parent) == ["new.partial"]


def test_a_full_disk_is_found_before_the_work_and_leaves_nothing(source, target, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 5}))

    with pytest.raises(NotEnoughDisk), contextlib.closing(writer_of(source, target)) as writer:
        finish(writer.start())
    assert names(target.parent) == []
