import sqlite3

import pytest

from octavo.store import ledger as ledger_module
from octavo.store.database import NotSaved
from octavo.store.ledger import Band, Ledger, LedgerEntry


def test_entries_come_back_newest_first(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        old = LedgerEntry("memory_bytes", "demo", 100.0, 98.0, "Q8_0", created=1.0)
        new = LedgerEntry("memory_bytes", "demo", 100.0, 104.0, "F16", created=2.0)
        ledger.record(old)
        ledger.record(new)
        ledger.record(LedgerEntry("file_bytes", "demo", 5.0, 5.0))
        assert ledger.entries("memory_bytes") == [new, old]


def test_a_band_needs_three_entries(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for measured in (98.0, 104.0):
            ledger.record(LedgerEntry("memory_bytes", "demo", 100.0, measured))
        assert ledger.bands() == {}
        ledger.record(LedgerEntry("memory_bytes", "demo", 100.0, 101.0))
        band = ledger.bands()["memory_bytes"]
        assert (band.least, band.greatest) == (0.98, 1.04)


def test_a_prediction_of_nothing_is_no_measure_of_how_good_others_are(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for predicted in (0.0, 100.0, 100.0, 100.0):
            ledger.record(LedgerEntry("memory_bytes", "demo", predicted, 100.0))

        assert ledger.bands()["memory_bytes"].n_entries == 3


def test_bands_tell_of_each_kind_apart(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for measured in (90.0, 100.0, 130.0):
            ledger.record(LedgerEntry("memory_bytes", "demo", 100.0, measured))
        ledger.record(LedgerEntry("load_seconds", "demo", 1.0, 2.0))

        assert ledger.bands() == {"memory_bytes": Band(0.9, 1.0, 1.3, 3, pytest.approx(0.3))}


def test_old_entries_are_forgiven(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for created, measured in enumerate([900.0] + [100.0] * 50):
            ledger.record(LedgerEntry("memory_bytes", "demo", 100.0, measured, created=created + 1))

        assert ledger.bands()["memory_bytes"] == Band(1.0, 1.0, 1.0, 50)


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Write entries down as another version of Octavo, or on another processor, and return the band."""

    def record(shares, *, version="2.0", processor="mine"):
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            for share in shares:
                monkeypatch.setattr("octavo.store.ledger.__version__", version)
                monkeypatch.setattr("octavo.store.ledger.processor_name", lambda: processor)
                ledger.record(LedgerEntry("load_seconds", "demo", 1.0, share))
            return ledger.bands().get("load_seconds")

    return record


def test_other_versions_count_until_there_are_enough_of_this_one(measured):
    assert measured([2.0, 2.0, 2.0], version="1.0").median == 2.0
    assert measured([1.1, 1.1]).n_entries == 5
    assert measured([1.1]) == Band(1.1, 1.1, 1.1, 3, pytest.approx(0.1))


def test_another_processor_says_nothing_of_this_one(measured):
    assert measured([2.0, 2.0, 2.0, 2.0], processor="other").n_entries == 4

    assert measured([1.1, 1.1]) is None
    assert measured([1.1]).greatest == 1.1


def test_what_was_written_before_versions_were_noted_counts(tmp_path):
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(ledger_module._MIGRATIONS[0])
    connection.execute("PRAGMA user_version = 1")
    for created in range(3):
        entry = ("load_seconds", "demo", "", 1.0, 1.2, created)
        connection.execute(
            "INSERT INTO entries (kind, model, details, predicted, measured, created) VALUES (?, ?, ?, ?, ?, ?)",
            entry,
        )
    connection.commit()
    connection.close()

    with Ledger(path) as ledger:
        assert ledger.problem == ""
        assert ledger.bands()["load_seconds"].median == 1.2


def test_a_band_tells_how_far_off_nine_in_ten_were(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for measured in [100.0, 95.0, 106.0, 100.0, 101.0, 99.0, 102.0, 98.0, 103.0, 300.0]:
            ledger.record(LedgerEntry("load_seconds", "demo", 100.0, measured))

        assert ledger.bands()["load_seconds"].within == pytest.approx(0.06)


def test_a_name_that_is_no_text_is_written_out(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record(LedgerEntry("memory_bytes", "odd-\udcff", 100.0, 100.0))
        assert ledger.entries("memory_bytes")[0].model == "odd-\\udcff"


def test_what_cannot_be_written_is_a_sentence(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger, sqlite3.connect(path) as other:
        other.execute("DROP TABLE entries")
        other.commit()
        for failing in (
            lambda: ledger.record(LedgerEntry("memory_bytes", "demo", 1.0, 1.0)),
            lambda: ledger.entries("memory_bytes"),
            ledger.bands,
        ):
            with pytest.raises(NotSaved, match=r"ledger\.sqlite could not be written: no such table"):
                failing()
    other.close()
