"""What can still be read of a damaged database, row by row.

Rows are read from the first on until the damage, and from the last back to it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_TYPES: dict[str, type | tuple[type, ...]] = {"TEXT": str, "INTEGER": int, "REAL": (int, float)}


@dataclass(frozen=True)
class Recovery:
    """How the rows of a damaged database come into a sound one.

    Parameters
    ----------
    tables : sequence of str
        Those to read, each with a column ``id``.
    before, after : sequence of str
        SQL for the sound database: what stands in the way, and what joins the rows again.
    """

    tables: Sequence[str]
    before: Sequence[str] = ()
    after: Sequence[str] = ()


def salvage(damaged: Path, sound: sqlite3.Connection, recovery: Recovery) -> int:
    """Add to ``sound`` what can be read of ``damaged``; how many rows that were."""
    n_rows = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "damaged"
        for ending in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{damaged}{ending}", f"{copy}{ending}")
        _lengthen(copy)
        with contextlib.closing(sqlite3.connect(copy)) as source:
            source.text_factory = lambda raw: raw.decode("utf-8", "replace")
            sound.execute("PRAGMA foreign_keys = OFF")
            sound.execute("BEGIN IMMEDIATE")
            try:
                for statement in recovery.before:
                    sound.execute(statement)
                n_rows = sum(_copy_table(source, sound, table) for table in recovery.tables)
                for statement in recovery.after:
                    sound.execute(statement)
            except BaseException:
                sound.execute("ROLLBACK")
                raise
            finally:
                if sound.in_transaction:
                    sound.execute("COMMIT")
                sound.execute("PRAGMA foreign_keys = ON")
    return n_rows


def _lengthen(path: Path) -> None:
    """Give a file that was cut the length that its header says: SQLite reads none of a shorter one."""
    with path.open("r+b") as file:
        header = file.read(32)
        page_bytes, n_pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
        n_bytes = file.seek(0, os.SEEK_END)
        # Zeros behind the end take no room on the disk; a mad number of pages is no length.
        if n_bytes < page_bytes * n_pages < 100 * n_bytes:
            file.truncate(page_bytes * n_pages)


def _copy_table(source: sqlite3.Connection, sound: sqlite3.Connection, table: str) -> int:
    """Copy the rows of a table that are what its columns say."""
    wanted = {name: kind for _, name, kind, *_ in sound.execute(f"PRAGMA table_info({table})")}
    try:
        found = [name for _, name, *_ in source.execute(f"PRAGMA table_info({table})") if name in wanted]
    except sqlite3.DatabaseError:
        return 0
    if "id" not in found:
        return 0
    names, marks = ", ".join(found), ", ".join("?" * len(found))
    n_rows = 0
    for row in _readable(source, table, names, found.index("id")):
        fits = all(
            value is None or isinstance(value, _TYPES[wanted[name]])
            for name, value in zip(found, row, strict=True)
        )
        if fits:
            with contextlib.suppress(sqlite3.IntegrityError):  # a value is missing that must be there
                sound.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", row)
                n_rows += 1
    return n_rows


def _readable(source: sqlite3.Connection, table: str, names: str, key: int) -> Iterator[tuple[object, ...]]:
    """The rows before the damage, and those behind it."""
    seen = set()
    for order in ("ASC", "DESC"):
        try:
            for row in source.execute(f"SELECT {names} FROM {table} ORDER BY id {order}"):
                if row[key] in seen:
                    break
                seen.add(row[key])
                yield row
            else:
                return
        except (sqlite3.DatabaseError, OverflowError):
            continue
