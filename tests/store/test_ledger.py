import sqlite3

import pytest

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
