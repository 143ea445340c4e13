import os
import threading
from pathlib import Path

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.progress import finish
from octavo.store import library, places
from octavo.store.library import list_models
from octavo.store.patience import NoAnswer, Patience
from octavo.store.places import Place
from octavo.store.settings import Settings


class _Hangs(BaseException):
    """Stands for a call that never comes back."""


@pytest.fixture
def gone(monkeypatch):
    """A server that has gone: calls for what is kept there, below ``share``, never come back."""

    def ask(_, question):
        try:
            return question()
        except _Hangs:
            raise NoAnswer from None

    def hang(module, name):
        real = getattr(module, name)

        def call(path, *arguments, **named):
            if "share" in Path(path).parts:
                raise _Hangs
            return real(path, *arguments, **named)

        monkeypatch.setattr(module, name, call)

    monkeypatch.setattr(Patience, "ask", ask)
    return hang


def listed(tmp_path, **settings):
    entries = finish(list_models(Settings(**settings), [Place("Jan", tmp_path / "jan")]))
    return {Path(each.path).relative_to(tmp_path).as_posix(): each.problem for each in entries[1:]}


def test_what_is_asked_is_answered_and_errors_are_handed_on():
    asking = Patience()

    assert [asking.ask(lambda: 1), asking.ask(lambda: 2)] == [1, 2]
    with pytest.raises(ValueError, match="invalid literal"):
        asking.ask(lambda: int("one"))
    with pytest.raises(TimeoutError, match="the disk's own"):
        asking.ask(lambda: (_ for _ in ()).throw(TimeoutError("the disk's own")))
    asking.close()


def test_what_does_not_end_is_left_behind_and_the_next_is_answered():
    over = threading.Event()
    asking = Patience(0.01)

    with pytest.raises(NoAnswer, match="does not answer"):
        asking.ask(lambda: over.wait(30))
    asking._seconds = 30
    assert asking.ask(lambda: "here") == "here"
    over.set()
    asking.close()


def test_a_folder_that_does_not_answer_hides_no_other(tmp_path, gone):
    for folder in ("jan/a", "jan/share/deep", "jan/z", "more"):
        write_tiny_gguf(tmp_path / folder / "tiny.gguf")
    gone(places.os, "scandir")

    told = listed(tmp_path, model_folders=(str(tmp_path / "more"),))

    assert (
        told.pop("jan/share") == "It does not answer. Look for models again when its disk or network is back."
    )
    assert told == {"more/tiny.gguf": "", "jan/a/tiny.gguf": "", "jan/z/tiny.gguf": ""}


def test_files_whose_server_goes_meanwhile_are_told_of_and_waited_for_once(tmp_path, gone, monkeypatch):
    for name in ("jan/a.gguf", "jan/share/b.gguf", "jan/share/c.gguf", "jan/z.gguf"):
        write_tiny_gguf(tmp_path / name)
    asked = []
    real = library.extent
    monkeypatch.setattr(library, "extent", lambda path: (asked.append(path.name), real(path))[1])
    gone(library, "extent")

    told = listed(tmp_path)

    assert {name: bool(problem) for name, problem in told.items()} == {
        "jan/a.gguf": False,
        "jan/share/b.gguf": True,
        "jan/share/c.gguf": True,
        "jan/z.gguf": False,
    }
    assert "c.gguf" not in asked


def test_a_model_that_was_added_and_does_not_answer_is_told_of(tmp_path, gone):
    write_tiny_gguf(tmp_path / "share" / "mine.gguf")
    gone(os.path, "realpath")

    told = listed(tmp_path, added_models=(str(tmp_path / "share/mine.gguf"),))

    assert told["share/mine.gguf"].startswith("It does not answer.")


def test_what_answers_again_is_read(tmp_path, gone):
    write_tiny_gguf(tmp_path / "jan/share/b.gguf")
    with pytest.MonkeyPatch.context() as silent:
        silent.setattr(library, "extent", lambda path: (_ for _ in ()).throw(_Hangs))
        assert listed(tmp_path)["jan/share/b.gguf"]

    assert listed(tmp_path) == {"jan/share/b.gguf": ""}
