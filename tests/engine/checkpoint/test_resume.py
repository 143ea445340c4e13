import contextlib
import hashlib
import os
from types import SimpleNamespace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.checkpoint import journal, journal_lock, partial_file
from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.checkpoint.gguf_writer import GgufWriter
from octavo.engine.checkpoint.journal import Entry, JournalKeeper, Record, journal_line, read_journal
from octavo.engine.errors import NotEnoughDisk, OctavoError
from octavo.engine.progress import finish

IDENTITY = {"source": "a", "recipe": "b"}


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(GgufCheckpoint(write_tiny_gguf(tmp_path / "source.gguf"))) as checkpoint:
        yield checkpoint


@pytest.fixture
def target(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "copy.gguf"


def names(target):
    return sorted(each.name for each in target.parent.iterdir())


def leave_behind(source, target, n_tensors, identity=IDENTITY):
    """What a process killed behind its ``n_tensors``-th tensor leaves, with half of the next one."""
    with GgufWriter(target, source.fields, source.tensors, identity=identity) as writer:
        for info in source.tensors[:n_tensors]:
            writer.write_rows(info.name, source.read(info.name))
        writer._digest.result()
        writer._journal.commit()
        following = source.tensors[n_tensors]
        writer.write_rows(following.name, source.read(following.name, 0, following.rows // 2))
        left = [(path, path.read_bytes()) for path in target.parent.iterdir()]
    for path, content in left:
        path.write_bytes(content)


def resumed(source, target, identity=IDENTITY):
    """Write the rest; how many tensors were there."""
    with GgufWriter(target, source.fields, source.tensors, identity=identity) as writer:
        n_done = finish(writer.start())
        for info in source.tensors[n_done:]:
            writer.write_rows(info.name, source.read(info.name))
        digest = writer.finish()
        differences = writer.differences
    assert target.read_bytes() == source.path.read_bytes()
    assert digest == hashlib.sha256(source.path.read_bytes()).hexdigest()
    assert names(target) == ["copy.gguf"]
    return n_done, differences


@pytest.mark.parametrize("n_tensors", [1, 5, 18])
def test_a_killed_writer_s_work_is_gone_on_with(source, target, n_tensors):
    leave_behind(source, target, n_tensors)

    assert resumed(source, target) == (n_tensors, [])


def test_nothing_left_is_no_difference(source, target):
    assert resumed(source, target) == (0, [])


def test_work_of_another_identity_is_not_gone_on_with(source, target):
    leave_behind(source, target, 5)

    assert resumed(source, target, {"source": "changed", "recipe": "b"}) == (0, ["source"])


def test_spoilt_data_is_written_again_from_there_on(source, target):
    leave_behind(source, target, 5)
    partial = target.with_name("copy.gguf.partial")
    raw = bytearray(partial.read_bytes())
    end = read_journal(target.with_name("copy.gguf.journal")).entries[2].end
    raw[end + 40] ^= 1
    partial.write_bytes(raw)

    assert resumed(source, target) == (3, [])


@pytest.mark.parametrize("n_lost", [1, 20, 60])
def test_a_journal_cut_short_counts_up_to_its_last_whole_line(source, target, n_lost):
    leave_behind(source, target, 5)
    path = target.with_name("copy.gguf.journal")
    path.write_bytes(path.read_bytes()[:-n_lost])

    assert resumed(source, target) == (4, [])


def test_what_is_there_already_needs_no_more_of_the_disk(source, target, monkeypatch):
    leave_behind(source, target, 5)
    monkeypatch.setattr(partial_file.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))

    assert resumed(source, target) == (5, [])


def test_a_journal_without_its_partial_file_means_nothing(source, target):
    leave_behind(source, target, 5)
    target.with_name("copy.gguf.partial").unlink()

    assert resumed(source, target) == (0, [])


@pytest.mark.parametrize("spoilt", [b"", b"\0" * 300, b"zzzz {}\n", b"[1]\n"])
def test_a_journal_that_is_none_means_nothing(source, target, spoilt):
    leave_behind(source, target, 5)
    target.with_name("copy.gguf.journal").write_bytes(spoilt)

    assert resumed(source, target)[0] == 0


def test_a_line_with_a_wrong_checksum_ends_the_journal(tmp_path):
    lines = [journal_line(IDENTITY), *(journal_line(vars(Entry(name, 1, "x"))) for name in "abc")]
    lines[2] = lines[2].replace(b"b", b"B")
    (tmp_path / "x.journal").write_bytes(b"".join(lines))

    assert read_journal(tmp_path / "x.journal") == Record(IDENTITY, [Entry("a", 1, "x")])


def test_two_writers_of_one_target_are_kept_apart(source, target):
    with GgufWriter(target, source.fields, source.tensors) as writer:
        finish(writer.start())
        with pytest.raises(OctavoError, match=r"^copy\.gguf is being written by another conversion\."):
            GgufWriter(target, source.fields, source.tensors)
        assert writer.path.exists()
    assert names(target) == []


def test_a_journal_that_goes_away_before_it_is_locked_is_made_anew(tmp_path, monkeypatch):
    path, lock = tmp_path / "x.journal", journal_lock._lock

    def removed_by_the_writer_before_us(descriptor):
        monkeypatch.setattr(journal_lock, "_lock", lock)
        path.unlink()
        path.touch()
        lock(descriptor)

    monkeypatch.setattr(journal_lock, "_lock", removed_by_the_writer_before_us)
    descriptor = journal_lock.locked_journal(path, tmp_path / "x")

    assert os.path.samestat(os.fstat(descriptor), path.stat())
    os.close(descriptor)


def test_data_is_on_the_disk_before_the_journal_says_so(tmp_path, monkeypatch):
    path = tmp_path / "x.journal"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    seen = []

    def look(*_):
        seen.append(len(read_journal(path).entries))

    monkeypatch.setattr(os, "fsync", look)
    keeper = JournalKeeper(descriptor, Record(IDENTITY), look)
    keeper.note(Entry("a", 1, "x"))
    keeper.note(Entry("b", 2, "y"))
    keeper.commit()
    os.close(descriptor)

    assert seen == [0, 2]
    assert [each.tensor for each in read_journal(path).entries] == ["a", "b"]


def test_a_sync_that_fails_in_the_background_stops_the_writer(source, target, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "SECONDS_BETWEEN_COMMITS", 0.0)
    monkeypatch.setattr(os, "fsync", full)
    first, second = source.tensors[:2]
    with GgufWriter(target, source.fields, source.tensors) as writer:
        writer.write_rows(first.name, source.read(first.name))
        writer._digest.result()
        writer._journal._thread.join()
        with pytest.raises(NotEnoughDisk):
            writer.write_rows(second.name, source.read(second.name))
    assert names(target) == []
