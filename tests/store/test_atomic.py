"""What a name may stand for when something is written to it."""

from __future__ import annotations

import errno
import os

import pytest

from octavo.store.atomic import whole_file


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)

    with whole_file(link) as file:
        file.write(b"new")

    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "real"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    with whole_file(pipe) as file:
        file.write(b"through")

    assert os.read(reader, 100) == b"through"
    assert pipe.is_fifo()
    os.close(reader)


def test_the_new_content_is_on_the_disk_before_it_has_the_name(tmp_path, monkeypatch):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(target.read_bytes()))

    with whole_file(target) as file:
        file.write(b"new")

    # The file, and then the folder that holds its name.
    assert flushed == [b"old", b"new"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def fail():
        with whole_file(target) as file:
            file.write(b"ne")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()

    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert target.read_bytes() == b"old"


def test_a_full_disk_is_told_by_the_name_of_the_file(tmp_path):
    with pytest.raises(OSError, match="No space") as caught, whole_file(tmp_path / "wanted.npy"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert caught.value.filename == str(tmp_path / "wanted.npy")
    assert list(tmp_path.iterdir()) == []
