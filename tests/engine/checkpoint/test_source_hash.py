import contextlib
import hashlib
import os

import pytest

from octavo.engine.checkpoint import source_hash
from octavo.engine.checkpoint.source_hash import SourceHash, fingerprint
from octavo.engine.errors import OctavoError
from octavo.engine.folders import cache_folder
from octavo.engine.progress import finish


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "a.bin", tmp_path / "b.bin"]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 300_000)
    return paths


def found(files):
    with contextlib.closing(SourceHash(files)) as digest:
        digest.start()
        return finish(digest.result())


def test_one_file_has_its_own_digest_and_several_that_of_their_list(files):
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    listed = "".join(f"{each}  {path.name}\n" for each, path in zip(digests, files, strict=True))

    assert found(files[:1]) == digests[0]
    assert found(files) == hashlib.sha256(listed.encode()).hexdigest()


def test_a_digest_is_remembered_until_the_file_changes(files):
    first = found(files)
    assert SourceHash(files).known == first

    os.utime(files[1], ns=(5, 5))
    assert SourceHash(files).known == ""
    assert found(files) == first


def test_the_digest_of_a_file_that_changes_while_it_is_read_is_not_remembered(files, monkeypatch):
    times = files[0].stat()
    monkeypatch.setattr(source_hash, "_AHEAD_BYTES", 10)
    with contextlib.closing(SourceHash(files[:1])) as digest:
        digest.start()
        os.utime(files[0], ns=(5, 5))
        finish(digest.result())

    os.utime(files[0], ns=(times.st_atime_ns, times.st_mtime_ns))
    assert SourceHash(files[:1]).known == ""


@pytest.mark.parametrize("spoilt", ["", "[]", "{", '{"x": 1}'])
def test_a_damaged_memory_is_no_memory(files, spoilt):
    first = found(files)
    (cache_folder() / "source-hashes.json").write_text(spoilt)

    assert SourceHash(files).known == ""
    assert found(files) == first


def test_it_reads_no_further_ahead_than_allowed(files, monkeypatch):
    monkeypatch.setattr(source_hash, "_AHEAD_BYTES", 10)
    monkeypatch.setattr(source_hash, "_PIECE", 1000)
    with contextlib.closing(SourceHash(files)) as digest:
        digest.start()
        with digest._news:
            assert digest._news.wait_for(lambda: digest._done, 10)
        assert digest._done == 1000
        assert finish(digest.result())
        assert digest._done == 600_000


def test_a_file_that_goes_away_is_told(files):
    with contextlib.closing(SourceHash(files)) as digest:
        files[0].unlink()
        digest.start()
        with pytest.raises(OctavoError, match=r"^a\.bin can no longer be read\."):
            finish(digest.result())


def test_closing_early_stops_the_reading(files, monkeypatch):
    monkeypatch.setattr(source_hash, "_AHEAD_BYTES", 10)
    digest = SourceHash(files)
    digest.start()
    digest.close()

    assert not digest._thread.is_alive()
    assert digest.known == ""


def test_a_fingerprint_changes_with_name_time_size_and_content(files, tmp_path):
    before = fingerprint(files)
    assert fingerprint(files) == before

    times = files[0].stat()
    files[0].write_bytes(b"\1" + files[0].read_bytes()[1:])
    os.utime(files[0], ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fingerprint(files) != before
