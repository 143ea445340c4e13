import sqlite3
from contextlib import closing

import pytest

from octavo.engine.folders import data_folder
from octavo.gui.spare_store import file_or_spare
from octavo.store.ledger import Ledger, LedgerEntry
from octavo.store.measurements import Measurements


@pytest.fixture
def newer(home):
    """Write a file as a newer Octavo would."""

    def write(name):
        with closing(sqlite3.connect(data_folder() / name)) as file:
            file.execute("PRAGMA user_version = 99")

    return write


def test_a_sound_file_is_used(home):
    for _ in range(2):
        ledger, problem = file_or_spare(Ledger, "notes")
        with ledger:
            ledger.record(LedgerEntry("file_bytes", "m", 1.0, 1.0))
            n_entries = len(ledger.entries("file_bytes"))

    assert (n_entries, problem) == (2, "")


@pytest.mark.parametrize(("store", "name"), [(Ledger, "ledger"), (Measurements, "measurements")])
def test_a_newer_file_is_left_alone_and_one_in_memory_serves(newer, store, name):
    newer(f"{name}.sqlite")

    spare, problem = file_or_spare(store, "notes")

    with spare, closing(sqlite3.connect(data_folder() / f"{name}.sqlite")) as file:
        assert file.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert problem == f"{name}.sqlite was written by a newer Octavo. No notes are kept this time."


def test_the_window_opens_beside_measurements_of_a_newer_octavo(newer, request):
    newer("measurements.sqlite")

    joined = request.getfixturevalue("joined")

    assert "No measured qualities are kept" in joined.window.navigation._news.text()
