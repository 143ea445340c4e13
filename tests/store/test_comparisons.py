"""Comparisons and votes survive the window; a model that was made anew begins anew."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import replace

import pytest

from octavo.engine.measure.comparison import Answer, Comparison, FollowedToken, Following
from octavo.store import comparisons as module
from octavo.store.comparisons import Comparisons


@pytest.fixture
def store():
    made = Comparisons()
    yield made
    made.close()


@pytest.fixture
def found(tmp_path):
    paths = [tmp_path / "first.gguf", tmp_path / "second.gguf"]
    for each in paths:
        each.write_bytes(b"GGUF")
    answers = [
        Answer(str(each), each.stem, "F16", 4, 9, "yes", [1], "stop", 3, 0, 2, 0.1, 0.1, 5.0, 5.0)
        for each in paths
    ]
    following = Following(1, 0.0, [FollowedToken(3, 0.9, 0.8, "", 0.01)])
    return Comparison("why?", *answers, True, None, following, True, ["a note"])


def test_what_was_kept_is_found_again_newest_first(store, found, tmp_path):
    store.keep(found)
    later = replace(found, prompt="and then?")
    number = store.keep(later)
    store.vote(number, "tie")
    store.close()

    kept = Comparisons().of(tmp_path / "first.gguf", tmp_path / "second.gguf")

    assert [each.comparison for each in kept] == [later, found]
    assert [each.vote for each in kept] == ["tie", ""]


def test_votes_count_whichever_model_was_asked_first(store, found, tmp_path):
    swapped = replace(found, first=found.second, second=found.first)
    for comparison, vote in ((found, "first"), (found, "tie"), (swapped, "first"), (swapped, "first")):
        store.vote(store.keep(comparison), vote)
    store.keep(found)

    tally = store.tally(tmp_path / "first.gguf", tmp_path / "second.gguf")

    assert (tally.first, tally.second, tally.ties) == (1, 2, 1)


def test_a_model_made_anew_has_no_votes(store, found, tmp_path):
    store.vote(store.keep(found), "first")
    os.utime(tmp_path / "second.gguf", (1, 1))

    assert store.tally(tmp_path / "first.gguf", tmp_path / "second.gguf").decided == 0
    assert store.of(tmp_path / "first.gguf", tmp_path / "second.gguf") == []


def test_a_model_that_is_gone_has_none_either(store, found, tmp_path):
    store.vote(store.keep(found), "first")
    (tmp_path / "second.gguf").unlink()

    assert store.tally(tmp_path / "first.gguf", tmp_path / "second.gguf").decided == 0
    assert store.of(tmp_path / "first.gguf", tmp_path / "second.gguf") == []


def test_old_answers_go_and_their_votes_stay(store, found, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    for _ in range(4):
        store.vote(store.keep(found), "second")

    paths = (tmp_path / "first.gguf", tmp_path / "second.gguf")
    assert len(store.of(*paths)) == 2
    assert store.tally(*paths).second == 4


def test_a_file_of_a_newer_octavo_is_left_alone_and_nothing_is_kept(found, tmp_path):
    path = tmp_path / "newer.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 9")

    store = Comparisons(path)
    store.keep(found)

    assert "newer Octavo" in store.problem
    assert "not kept" in store.problem
    assert len(store.of(tmp_path / "first.gguf", tmp_path / "second.gguf")) == 1
    store.close()
    with contextlib.closing(sqlite3.connect(path)) as newer:
        assert newer.execute("SELECT name FROM sqlite_master").fetchall() == []
