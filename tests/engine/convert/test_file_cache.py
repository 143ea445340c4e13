import os

import pytest

from octavo.engine.convert import file_cache
from octavo.engine.convert.file_cache import FileCache


@pytest.fixture
def told(monkeypatch):
    """What the system is told: sizes of files, and how much of each is done with."""
    calls = []

    def note(descriptor, offset, n_bytes, advice):
        assert (offset, advice) == (0, os.POSIX_FADV_DONTNEED)
        calls.append((os.fstat(descriptor).st_size, n_bytes))

    monkeypatch.setattr(file_cache.os, "posix_fadvise", note)
    monkeypatch.setattr(file_cache, "_EVERY_BYTES", 100)
    return calls


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / name for name in ("one", "two", "result")]
    for path, size in zip(paths, (300, 400, 50), strict=True):
        path.write_bytes(bytes(size))
    return paths


def test_only_what_was_read_is_given_up(files, told):
    cache = FileCache(files[:2], files[2:])
    for n_bytes in (50, 120, 180, 350):
        cache.consumed(n_bytes)

    assert told == [(300, 120), (50, 0), (300, 300), (400, 50), (50, 0)]


def test_a_file_that_has_gone_is_no_failure(files, told):
    cache = FileCache(files[:2], files[2:])
    files[0].unlink()
    cache.consumed(200)

    assert told == [(50, 0)]


def test_systems_without_such_hints_get_none(files, monkeypatch):
    monkeypatch.delattr(os, "posix_fadvise")
    monkeypatch.setattr(file_cache, "_EVERY_BYTES", 1)

    FileCache(files[:2], files[2:]).consumed(200)


def test_a_disk_that_takes_no_hints_is_no_failure(files, monkeypatch):
    def refuse(*arguments):
        raise OSError("no such hint here")

    monkeypatch.setattr(file_cache.os, "posix_fadvise", refuse)
    monkeypatch.setattr(file_cache, "_EVERY_BYTES", 1)

    FileCache(files[:2], files[2:]).consumed(200)
