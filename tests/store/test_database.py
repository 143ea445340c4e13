import sqlite3

import pytest

from octavo.engine.errors import OctavoError
from octavo.store import database
from octavo.store.database import open_database, transaction


def small_connection(connect):
    def connected(path):
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    return connected


def test_a_full_disk_at_the_first_use_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_connect", small_connection(database._connect))

    with pytest.raises(OctavoError, match="could not be made: database or disk is full"):
        open_database(tmp_path / "a.sqlite", ["CREATE TABLE t (x)"])


def test_what_could_not_be_committed_does_not_hold_back_what_follows(tmp_path):
    tables = "CREATE TABLE a (n PRIMARY KEY); CREATE TABLE b (n REFERENCES a DEFERRABLE INITIALLY DEFERRED)"
    path = tmp_path / "a.sqlite"
    connection, _ = open_database(path, [tables])
    with pytest.raises(sqlite3.IntegrityError), transaction(connection):
        connection.execute("INSERT INTO b VALUES (1)")
    with transaction(connection):
        connection.execute("INSERT INTO a VALUES (2)")
    connection.close()

    connection, _ = open_database(path, [tables])
    assert connection.execute("SELECT n FROM a").fetchall() == [(2,)]
    assert connection.execute("SELECT n FROM b").fetchall() == []
    connection.close()
