"""Copies of a database: one a day for a week, one a week for a month, one before each change of its schema.

They lie in ``backups`` beside it. A copy is made with SQLite's own backup, so it is whole at any moment.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import Sequence
from datetime import date
from pathlib import Path

_DAYS, _WEEKS = 7, 4
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2})$")


def back_up(connection: sqlite3.Connection, path: Path, name: str) -> Path:
    """Copy a database to ``backups``, under the name of the original and ``name``; whole or not at all."""
    folder = _folder(path)
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{path.stem}-{name}{path.suffix}"
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with contextlib.closing(sqlite3.connect(partial)) as copy:
            connection.backup(copy)
        partial.chmod(0o600)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def back_up_daily(connection: sqlite3.Connection, path: Path, today: date) -> bool:
    """Copy a database unless it was copied today, and remove what is too old; whether it was copied."""
    if (_folder(path) / f"{path.stem}-{today.isoformat()}{path.suffix}").exists():
        return False
    back_up(connection, path, today.isoformat())
    for old in outdated([each for each, _ in _dated(path)]):
        (_folder(path) / f"{path.stem}-{old.isoformat()}{path.suffix}").unlink(missing_ok=True)
    return True


def outdated(days: Sequence[date]) -> list[date]:
    """Which copies are not needed any more: all but the last seven, and the newest of each of four weeks before."""
    newest_first = sorted(days, reverse=True)
    weeks: dict[tuple[int, int], date] = {}
    for day in newest_first[_DAYS:]:
        weeks.setdefault(day.isocalendar()[:2], day)
    kept = {*newest_first[:_DAYS], *list(weeks.values())[:_WEEKS]}
    return [day for day in newest_first if day not in kept]


def copies(path: Path) -> list[Path]:
    """All copies of a database, the newest first."""
    found = _folder(path).glob(f"{path.stem}-*{path.suffix}")
    return sorted(found, key=lambda each: each.stat().st_mtime, reverse=True)


def forget_copies(path: Path) -> None:
    """Remove every copy: they hold what is to be really deleted."""
    for each in copies(path):
        each.unlink(missing_ok=True)


def restore_newest(path: Path) -> Path | None:
    """Put the newest copy that is sound at ``path``; None if there is none."""
    for each in copies(path):
        with contextlib.suppress(sqlite3.DatabaseError):
            with contextlib.closing(sqlite3.connect(each)) as connection:
                (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict == "ok":
                shutil.copyfile(each, path)
                return each
    return None


def _dated(path: Path) -> list[tuple[date, Path]]:
    found = []
    for each in copies(path):
        if match := _DATED.search(each.stem):
            with contextlib.suppress(ValueError):
                found.append((date.fromisoformat(match[1]), each))
    return found


def _folder(path: Path) -> Path:
    return path.parent / "backups"
