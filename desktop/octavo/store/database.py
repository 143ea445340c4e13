"""SQLite as we use it: write-ahead log, every commit on the disk before it counts, a numbered schema.

Before the schema changes the file is copied (``backups``). A damaged file is set aside, and what a copy and its own
readable rows give is put in its place. A file of a newer Octavo is never written.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from octavo.engine.errors import OctavoError
from octavo.store.backups import back_up, restore_newest
from octavo.store.salvage import Recovery, salvage

# How long a large file is looked through for damage at the start of the program.
_CHECK_SECONDS = 1.0
_STEPS_BETWEEN_LOOKS = 10_000
_NEXT_STEP = "Check the folder's rights and free space."


class NotSaved(OctavoError):
    """The database could not be written or read: disk full, rights, damage."""


class DatabaseFile:
    """A class whose object holds a database open until it is closed, or left as a context."""

    _database: sqlite3.Connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def open_database(
    path: Path, migrations: Sequence[str], *, recovery: Recovery | None = None, reads_newer: bool = False
) -> tuple[sqlite3.Connection, str]:
    """Open ``path`` and bring its schema up to date.

    Parameters
    ----------
    path : Path
    migrations : sequence of str
        The SQL that leads from each schema to the next; the schema's number is how many have run.
    recovery : Recovery, optional
        How to get back what a damaged file held; without it a new file is begun.
    reads_newer : bool
        Open a file of a newer Octavo for reading instead of refusing it.

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
        raise OctavoError(f"Cannot open {path}: {error}.", _NEXT_STEP) from error
    except sqlite3.DatabaseError:
        return _begin_again(path, migrations, recovery)
    try:
        if _schema(connection) > len(migrations):
            problem = _read_only(connection, path, reads_newer=reads_newer)
        else:
            _migrate(connection, migrations, path)
    except sqlite3.OperationalError as error:
        connection.close()
        raise OctavoError(f"{path} could not be made: {error}.", _NEXT_STEP) from error
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
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Turn what SQLite says about the file ``name`` into a sentence for people."""
    try:
        yield
    except sqlite3.Error as error:
        raise NotSaved(
            f"{name} could not be written: {error}.", "Check the disk's free space and the folder's rights."
        ) from error
    except UnicodeEncodeError as error:
        half = f"it holds half a character (U+{ord(error.object[error.start]):04X})"
        raise NotSaved(f"The text cannot be kept: {half}.", "Remove it, or copy the text again.") from error


def storable(name: str) -> str:
    """The name of a file as text; bytes in it that are none are written out."""
    return name.encode("utf-8", "backslashreplace").decode()


def is_read_only(connection: sqlite3.Connection) -> bool:
    """Whether the file is of a newer Octavo and is only read."""
    return bool(connection.execute("PRAGMA query_only").fetchone()[0])


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file; raises ``sqlite3.DatabaseError`` if it is damaged."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten, not only unlinked.
        connection.execute("PRAGMA secure_delete = ON")
        verdict = _quick_check(connection)
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except BaseException:
        connection.close()
        raise
    return connection


def _quick_check(connection: sqlite3.Connection) -> str:
    """What SQLite says of the file's structure; ``ok`` too where a long look found nothing so far."""
    until = time.monotonic() + _CHECK_SECONDS
    was_cut = False

    def is_over() -> bool:
        nonlocal was_cut
        was_cut = time.monotonic() > until
        return was_cut

    connection.set_progress_handler(is_over, _STEPS_BETWEEN_LOOKS)
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        if was_cut:
            return "ok"
        raise
    finally:
        connection.set_progress_handler(None, 0)


def _begin_again(
    path: Path, migrations: Sequence[str], recovery: Recovery | None
) -> tuple[sqlite3.Connection, str]:
    """Set a damaged file aside and put in its place what is left of it."""
    kept = _set_aside(path)
    restored = restore_newest(path) if recovery else None
    try:
        connection = _connect(path)
        _migrate(connection, migrations, path)
    except (sqlite3.DatabaseError, OctavoError):  # the copy is of no use either
        path.unlink(missing_ok=True)
        restored, connection = None, _connect(path)
        _migrate(connection, migrations, path)
    n_rows = 0
    if recovery is not None:
        try:
            n_rows = salvage(kept, connection, recovery)
        except (sqlite3.DatabaseError, OSError):  # nothing of it can be read
            n_rows = 0
    if restored and n_rows:
        what = "what could be read of it was added to the newest backup"
    elif restored:
        what = "the newest backup took its place, and what came later is missing"
    elif n_rows:
        what = "what could be read of it was taken over, and something may be missing"
    else:
        what = "a new one was begun"
    return connection, f"{path.name} was damaged and is kept as {kept.name}; {what}."


def _set_aside(path: Path) -> Path:
    """Rename the database, and its log with it, to a free name."""
    number = 1
    while (kept := path.with_name(f"{path.stem}.broken-{number}{path.suffix}")).exists():
        number += 1
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(kept.with_name(kept.name + ending))
    return path.replace(kept)


def _schema(connection: sqlite3.Connection) -> int:
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    return int(schema)


def _read_only(connection: sqlite3.Connection, path: Path, *, reads_newer: bool) -> str:
    """Keep a newer file as it is; what to tell of it."""
    if not reads_newer:
        raise OctavoError(
            f"{path.name} was written by a newer Octavo.", "Update Octavo to use it; nothing was changed."
        )
    connection.execute("PRAGMA query_only = ON")
    return f"{path.name} was written by a newer Octavo: it can be read, and nothing new is kept in it."


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str], path: Path) -> None:
    schema = _schema(connection)
    if 0 < schema < len(migrations):
        back_up(connection, path, f"before-schema-{len(migrations)}")
    for number in range(schema, len(migrations)):
        with transaction(connection):
            for statement in migrations[number].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
