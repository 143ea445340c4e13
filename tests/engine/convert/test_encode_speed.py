"""How fast this computer encodes, hashes and copies: what is tried must not need room on the disk."""

import errno
import tempfile

import pytest

from octavo.engine.convert.encode_speed import EncodeSpeed
from octavo.engine.folders import cache_folder


@pytest.fixture
def full_disk(monkeypatch):
    """While it lasts, no file can be written."""

    def refuse(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(tempfile, "TemporaryFile", refuse)
        yield full


def test_on_a_full_disk_bytes_are_copied_in_memory_instead(full_disk):
    assert EncodeSpeed().copy() > 0


def test_what_a_full_disk_told_is_not_remembered(full_disk):
    (cache_folder() / "encode-speed.json").unlink(missing_ok=True)
    speed = EncodeSpeed()
    speed.copy()
    full_disk.undo()
    speed.copy()
    speed.keep()

    assert EncodeSpeed()._timings.recall("copy", lambda: 0.0) > 0
