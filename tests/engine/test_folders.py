"""Where Octavo keeps its files, and what is said where it may not."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from octavo.engine.estimate.speeds import Speeds, keep_speeds
from octavo.engine.folders import cache_folder, data_folder, recall, remember


@pytest.fixture
def spoilt(monkeypatch, tmp_path):
    """A home that is a file, so that no folder can be made in it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OCTAVO_HOME", str(tmp_path / "file"))


@pytest.mark.parametrize("folder", [cache_folder, data_folder])
def test_a_home_that_cannot_be_used_is_told_with_the_next_step(spoilt, folder):
    with pytest.raises(NotADirectoryError, match="set OCTAVO_HOME to another folder"):
        folder()


def test_what_only_saves_time_is_done_without(spoilt):
    keep_speeds(Speeds(n_threads=1, bandwidth=[(1 << 27, 3e10)]))


def test_what_is_remembered_is_recalled():
    remember("some.json", {"seconds": [1.5]})

    assert recall("some.json") == {"seconds": [1.5]}
    assert recall("other.json") is None


def test_a_disk_that_fills_up_leaves_what_was_remembered_and_nothing_else(monkeypatch):
    remember("some.json", 1)

    def write_half(path, text):
        path.write_bytes(text[:1].encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_half)
    remember("some.json", 22)

    assert [each.name for each in cache_folder().glob("*some.json*")] == ["some.json"]
    assert recall("some.json") == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_a_damaged_memory_is_none(content):
    (cache_folder() / "some.json").write_bytes(content)

    assert recall("some.json") is None
