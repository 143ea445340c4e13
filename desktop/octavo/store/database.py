"""SQLite as we use it: write-ahead log, every commit on the disk before it counts, a numbered schema.

A damaged file is set aside and a new one begun; a file of a newer Octavo is refused, not touched.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from octavo.engine.errors import OctavoError


class NotSaved(OctavoError):
    """The database could not be written or read: disk full, rights, damage."""


def open_database(path: Path, migrations: Sequence[str]) -> tuple[sqlite3.Connection, str]:
    """Open ``path`` and bring its schema up to date.

    Parameters
    ----------
    path : Path
    migrations : sequence of str
        The SQL that leads from each schema to the next; the schema's number is how many have run.

    Returns
    -------
    connection : sqlite3.Connection
        In autocommit mode: a statement outside ``transaction`` is a transaction of its own.
    problem : str
        What the user should know, one sentence; empty when all is well.
    """
    problem = ""
    try:
        connection = _connect(path)
    except sqlite3.OperationalError as error:
        raise OctavoError(
            f"Cannot open {path}: {error}.", "Check the folder's rights and free space."
        ) from error
    except sqlite3.DatabaseError:
        kept = _set_aside(path)
        problem = f"{path.name} was damaged and is kept as {kept.name}; a new one was begun."
        connection = _connect(path)
    try:
        _migrate(connection, migrations, path)
    except BaseException:
        connection.close()
        raise
    return connection, problem


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements of the block, or none; within another one it is part of that."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Turn what SQLite says about the file ``name`` into a sentence for people."""
    try:
        yield
    except sqlite3.Error as error:
        raise NotSaved(
            f"{name} could not be written: {error}.", "Check the disk's free space and the folder's rights."
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file; raises ``sqlite3.DatabaseError`` if it is damaged."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten, not only unlinked.
        connection.execute("PRAGMA secure_delete = ON")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside(path: Path) -> Path:
    """Rename the database, and its log with it, to a free name."""
    number = 1
    while (kept := path.with_name(f"{path.stem}.broken-{number}{path.suffix}")).exists():
        number += 1
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(kept.with_name(kept.name + ending))
    return path.replace(kept)


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str], path: Path) -> None:
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if schema > len(migrations):
        raise OctavoError(
            f"{path.name} was written by a newer Octavo.", "Update Octavo to use it; nothing was changed."
        )
    for number in range(schema, len(migrations)):
        with transaction(connection):
            for statement in migrations[number].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
