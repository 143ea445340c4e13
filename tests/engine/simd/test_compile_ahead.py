"""Many entries compiled at once, in other processes, into the cache."""

import pytest

from octavo.engine.errors import OctavoError
from octavo.engine.kernels import matvec, program
from octavo.engine.progress import finish
from octavo.engine.simd import cache, compile_ahead
from octavo.engine.simd.jit import Entry

ENTRIES = (program.announce, matvec.matvec_f32)


def fresh(entries=ENTRIES):
    """The same entries as a new process sees them."""
    return [Entry(each._function) for each in entries]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OCTAVO_KERNEL_CACHE", str(tmp_path / "kernels"))
    return tmp_path / "kernels" / cache.content_key()


def test_all_entries_are_in_the_cache_afterwards():
    seen = []

    finish(compile_ahead.compile_ahead(fresh(), 2), seen.append)

    assert all(cache.cached_code(each.place) for each in ENTRIES)
    assert seen[0].label == "compile announce"
    assert {each.n_steps for each in seen} == {2}
    assert finish(compile_ahead.compile_ahead(fresh(), 2)) is None


def test_what_is_in_the_cache_starts_no_process(monkeypatch):
    finish(compile_ahead.compile_ahead(fresh(), 2))
    monkeypatch.setattr(compile_ahead, "_COMMAND", ["-c", "raise SystemExit(1)"])

    assert list(compile_ahead.compile_ahead(fresh(), 2)) == []


def test_a_compiler_that_gives_up_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(compile_ahead, "_COMMAND", ["-c", "import os; os.abort()"])

    with pytest.raises(OctavoError, match="could not be compiled"):
        finish(compile_ahead.compile_ahead(fresh(), 2))


def test_stopping_ends_the_processes():
    work = compile_ahead.compile_ahead(fresh(), 1)
    next(work)
    (child,) = work.gi_frame.f_locals["team"]._children

    work.close()

    assert child.poll() is not None


def test_without_a_cache_they_compile_here(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("OCTAVO_KERNEL_CACHE", str(tmp_path / "file"))
    entries = fresh((program.announce,))

    finish(compile_ahead.compile_ahead(entries, 2))

    assert entries[0].address


def test_only_entries_can_be_named():
    from octavo.engine.simd.compile_child import find_entry

    assert find_entry(program.run.place) is program.run
    with pytest.raises(TypeError, match="no entry"):
        find_entry("sys:argv")
