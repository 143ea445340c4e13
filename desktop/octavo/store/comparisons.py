"""Comparisons of two models and the votes on them: nothing of it is lost with the window.

A model is known by its path, its size and the time of its last change: a file that was made anew begins anew.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from octavo.engine.errors import OctavoError
from octavo.engine.folders import data_folder
from octavo.engine.measure.comparison import Comparison
from octavo.engine.measure.tally import Tally
from octavo.store.database import open_database, told
from octavo.store.measurements import model_stamp

MOST_KEPT = 200
FIRST, SECOND, TIE = "first", "second", "tie"
_MIGRATIONS = (
    """
    CREATE TABLE comparisons (
        id INTEGER PRIMARY KEY,
        first TEXT NOT NULL,
        second TEXT NOT NULL,
        prompt TEXT NOT NULL,
        comparison TEXT NOT NULL,
        vote TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL
    );
    CREATE INDEX comparisons_of_pair ON comparisons (first, second)
    """,
)


@dataclass(frozen=True)
class Kept:
    """A comparison of an earlier time; ``vote`` is ``first``, ``second``, ``tie`` or empty."""

    id: int
    comparison: Comparison
    vote: str
    created: float


class Comparisons:
    """The comparisons of one data folder."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or data_folder() / "comparisons.sqlite"
        try:
            self._database, self.problem = open_database(self._path, _MIGRATIONS)
        except OctavoError as error:  # of a newer Octavo, or no file at all: no reason not to compare
            self._database, _ = open_database(Path(":memory:"), _MIGRATIONS)
            self.problem = f"{error.message} What is compared now is not kept."

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def keep(self, comparison: Comparison) -> int:
        """Write a comparison down; its number. Of old ones only the votes stay."""
        stamps = [model_stamp(Path(each.model)) for each in (comparison.first, comparison.second)]
        text = msgspec.json.encode(comparison).decode()
        with told(self._path.name):
            number = self._database.execute(
                "INSERT INTO comparisons (first, second, prompt, comparison, created) VALUES (?, ?, ?, ?, ?)",
                (*stamps, comparison.prompt, text, time.time()),
            ).lastrowid
            self._database.execute(
                "UPDATE comparisons SET comparison = '', prompt = '' WHERE comparison != '' AND id NOT IN"
                " (SELECT id FROM comparisons ORDER BY id DESC LIMIT ?)",
                (MOST_KEPT,),
            )
        assert number is not None
        return number

    def vote(self, number: int, choice: str) -> None:
        """Write down which answer of comparison ``number`` is better: ``first``, ``second`` or ``tie``."""
        with told(self._path.name):
            self._database.execute("UPDATE comparisons SET vote = ? WHERE id = ?", (choice, number))

    def tally(self, first: Path, second: Path) -> Tally:
        """All votes between the two, whichever was asked first."""
        one, other = _counts(self._votes(first, second)), _counts(self._votes(second, first))
        return Tally(
            one.get(FIRST, 0) + other.get(SECOND, 0),
            one.get(SECOND, 0) + other.get(FIRST, 0),
            one.get(TIE, 0) + other.get(TIE, 0),
        )

    def of(self, first: Path, second: Path, most: int = MOST_KEPT) -> list[Kept]:
        """The newest comparisons of the two as they are now; what cannot be read is left out."""
        if not first.exists() or not second.exists():
            return []
        with told(self._path.name):
            rows = self._database.execute(
                "SELECT id, comparison, vote, created FROM comparisons"
                " WHERE first = ? AND second = ? AND comparison != '' ORDER BY id DESC LIMIT ?",
                (model_stamp(first), model_stamp(second), most),
            ).fetchall()
        found = []
        for number, text, vote, created in rows:
            try:
                comparison = msgspec.json.decode(text, type=Comparison)
            except msgspec.DecodeError:  # of another version
                continue
            found.append(Kept(number, comparison, vote, created))
        return found

    def _votes(self, first: Path, second: Path) -> list[tuple[str, int]]:
        if not first.exists() or not second.exists():
            return []
        with told(self._path.name):
            return self._database.execute(
                "SELECT vote, count(*) FROM comparisons WHERE first = ? AND second = ? AND vote != ''"
                " GROUP BY vote",
                (model_stamp(first), model_stamp(second)),
            ).fetchall()


def _counts(votes: list[tuple[str, int]]) -> Mapping[str, int]:
    return dict(votes)
