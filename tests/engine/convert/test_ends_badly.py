"""What is refused, cancelled or fails leaves nothing behind, and what was there as it was."""

import contextlib
import os
import shutil

import numpy as np
import pytest
from tests.engine.convert.converting import converted, leftovers
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert
from octavo.engine.errors import NotEnoughDisk, OctavoError
from octavo.engine.progress import finish


def test_cancelling_leaves_nothing(source, tmp_path, q8_0):
    work = convert(source, q8_0, None, tmp_path / "new.gguf")
    for _ in range(5):
        next(work)
    work.close()

    assert leftovers(tmp_path) == []


def test_cancelling_leaves_an_old_target_as_it_was(source, tmp_path, q8_0):
    (tmp_path / "new.gguf").write_bytes(b"old")
    work = convert(source, q8_0, None, tmp_path / "new.gguf", force=True)
    next(work)
    work.close()

    assert (tmp_path / "new.gguf").read_bytes() == b"old"
    assert leftovers(tmp_path) == ["new.gguf"]


def test_an_existing_target_is_replaced_only_with_consent(source, tmp_path):
    (tmp_path / "new.gguf").write_bytes(b"old")

    with pytest.raises(OctavoError, match="exists already"):
        converted(source, tmp_path / "new.gguf")
    assert (tmp_path / "new.gguf").read_bytes() == b"old"

    assert converted(source, tmp_path / "new.gguf", force=True).verified


def test_a_model_is_never_converted_onto_itself(source, tmp_path):
    file = source.files()[0]
    os.link(file, tmp_path / "alias.gguf")
    before = file.read_bytes()

    with pytest.raises(OctavoError, match="is the model that is being converted"):
        converted(source, tmp_path / "alias.gguf", force=True)

    assert file.read_bytes() == before


def test_a_source_that_changes_meanwhile_gives_no_result(source, tmp_path, q8_0):
    work = convert(source, q8_0, None, tmp_path / "new.gguf")
    next(work)
    os.utime(source.files()[0], ns=(1, 1))

    with pytest.raises(OctavoError, match="was changed while it was converted"):
        finish(work)

    assert leftovers(tmp_path) == []


def test_a_source_that_is_cut_short_meanwhile_gives_no_result(tmp_path, q8_0):
    path = write_tiny_gguf(tmp_path / "model.gguf", dtype="BF16")
    with contextlib.closing(open_checkpoint(path)) as source:
        work = convert(source, q8_0, None, tmp_path / "new.gguf")
        next(work)
        os.truncate(path, path.stat().st_size // 2)

        with pytest.raises(OctavoError, match=r"model\.gguf"):
            finish(work)

    assert leftovers(tmp_path) == []


def test_a_weight_that_is_no_number_stops_with_the_tensor_s_name(tmp_path):
    path = write_tiny_gguf(tmp_path / "model.gguf", dtype="F32")
    raw = bytearray(path.read_bytes())
    raw[-4:] = np.float32(np.nan).tobytes()
    path.write_bytes(raw)
    with contextlib.closing(open_checkpoint(path)) as source:
        last = source.tensors[-1].name

        with pytest.raises(OctavoError, match=f"{last} holds weights that are no finite numbers"):
            converted(source, tmp_path / "new.gguf")

    assert leftovers(tmp_path) == []


def test_a_full_disk_is_refused_before_the_work(source, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=1000))

    with pytest.raises(NotEnoughDisk, match="are free"):
        converted(source, tmp_path / "new.gguf")

    assert leftovers(tmp_path) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(source, tmp_path, monkeypatch, q8_0):
    work = convert(source, q8_0, None, tmp_path / "new.gguf")
    next(work)

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NotEnoughDisk):
        finish(work)

    assert leftovers(tmp_path) == []


def test_a_missing_folder_is_refused(source, tmp_path):
    with pytest.raises(OctavoError, match="There is no folder"):
        converted(source, tmp_path / "missing" / "new.gguf")
