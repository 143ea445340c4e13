"""Disks are tried before a conversion, and left as they were."""

import errno

import pytest

from octavo.engine.convert import disk_speed
from octavo.engine.convert.disk_speed import read_seconds, write_seconds
from octavo.engine.convert.encode_speed import EncodeSpeed
from octavo.engine.folders import cache_folder


def test_writing_is_timed_and_leaves_nothing(tmp_path):
    assert 0 < write_seconds(tmp_path) < 1
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is_foretold_or_remembered(tmp_path, monkeypatch):
    def refuse(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    (cache_folder() / "encode-speed.json").unlink(missing_ok=True)  # what other tests have timed
    with monkeypatch.context() as full:
        full.setattr(disk_speed.tempfile, "TemporaryFile", refuse)
        speed = EncodeSpeed()
        assert speed.write(tmp_path) == 0

    assert speed.write(tmp_path) > 0


def test_a_slow_disk_is_not_tried_for_long(tmp_path, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(disk_speed.time, "perf_counter", lambda: next(clock))

    assert write_seconds(tmp_path) == 1 / (1 << 20)


def test_the_largest_file_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_speed, "_SMALL_BYTES", 1)
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(bytes(10))
    large.write_bytes(bytes(3 << 20))
    read = []
    monkeypatch.setattr(disk_speed.random, "randrange", lambda n: read.append(n) or 5)

    assert read_seconds([small, large]) > 0
    assert set(read) == {2 << 20}


@pytest.mark.parametrize("n_bytes", [0, 1000])
def test_what_is_small_takes_no_time(tmp_path, n_bytes):
    path = tmp_path / "model"
    path.write_bytes(bytes(n_bytes))

    assert read_seconds([path]) == read_seconds([tmp_path / "missing"]) == read_seconds([]) == 0
