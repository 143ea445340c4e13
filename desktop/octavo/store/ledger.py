"""The ledger: what was predicted and what was then measured, so that estimates can say how good they are."""

from __future__ import annotations

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octavo import __version__
from octavo.engine.folders import data_folder
from octavo.engine.hardware.cores import processor_name
from octavo.store.database import DatabaseFile, open_database, storable, told

_MIGRATIONS = (
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        model TEXT NOT NULL,
        details TEXT NOT NULL,
        predicted REAL NOT NULL,
        measured REAL NOT NULL,
        created REAL NOT NULL
    );
    CREATE INDEX entries_of_kind ON entries (kind)
    """,
    """
    ALTER TABLE entries ADD COLUMN version TEXT NOT NULL DEFAULT '';
    ALTER TABLE entries ADD COLUMN processor TEXT NOT NULL DEFAULT ''
    """,
)
_MIN_ENTRIES = 3
# The newest entries alone count: drivers and the computer change.
_COUNTED = 50

KINDS = (
    "memory_bytes",
    "loading_bytes",
    "tokens_per_second",
    "prefill_tokens_per_second",
    "load_seconds",
    "file_bytes",
    "convert_bytes",
    "convert_seconds",
)
"""What is predicted and then measured, with its unit."""


@dataclass(frozen=True)
class LedgerEntry:
    """One prediction and its outcome.

    Parameters
    ----------
    kind : str
        What was predicted, with its unit: one of `KINDS`.
    model : str
        The model's name.
    predicted, measured : float
        In the unit of ``kind``.
    details : str
        What else it depends on: ``Q4_K_M, 8192 tokens, f16``.
    created : float
        Seconds since 1970.
    """

    kind: str
    model: str
    predicted: float
    measured: float
    details: str = ""
    created: float = 0.0


@dataclass(frozen=True)
class Band:
    """``measured / predicted`` over the newest entries of a kind: 1.0 is right.

    Nine in ten of them were ``within`` this share of what was predicted, 0.06 for 6 %.
    """

    least: float
    median: float
    greatest: float
    n_entries: int
    within: float = 0.0


class Ledger(DatabaseFile):
    """The ledger of one data folder."""

    def __init__(self, path: Path | None = None) -> None:
        path = path or data_folder() / "ledger.sqlite"
        self._name = path.name
        self._database, self.problem = open_database(path, _MIGRATIONS)

    def record(self, entry: LedgerEntry) -> None:
        """Write down a prediction and its outcome; ``created`` 0 means now. Raises ``NotSaved``."""
        values = (
            entry.kind,
            storable(entry.model),
            entry.details,
            entry.predicted,
            entry.measured,
            entry.created or time.time(),
            __version__,
            processor_name(),
        )
        with told(self._name):
            self._database.execute(
                "INSERT INTO entries (kind, model, details, predicted, measured, created, version, processor)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def entries(self, kind: str) -> list[LedgerEntry]:
        """All entries of a kind, newest first."""
        with told(self._name):
            rows = self._database.execute(
                "SELECT kind, model, predicted, measured, details, created FROM entries WHERE kind = ?"
                " ORDER BY created DESC, id DESC",
                (kind,),
            ).fetchall()
        return [LedgerEntry(*row) for row in rows]

    def bands(self) -> dict[str, Band]:
        """How good each kind of estimate has been; kinds with fewer than three entries are left out.

        Those of another processor say nothing of this one; those of other versions of Octavo, which estimated in other
        ways, count until there are enough of this one.
        """
        with told(self._name):
            rows = self._database.execute(
                "SELECT kind, measured / predicted, version = ? FROM entries"
                " WHERE predicted > 0 AND processor IN ('', ?) ORDER BY created DESC, id DESC",
                (__version__, processor_name()),
            ).fetchall()
        own: defaultdict[str, list[float]] = defaultdict(list)
        every: defaultdict[str, list[float]] = defaultdict(list)
        for kind, share, is_own in rows:
            every[kind].append(share)
            if is_own:
                own[kind].append(share)
        found = {kind: own[kind] if len(own[kind]) >= _MIN_ENTRIES else every[kind] for kind in every}
        return {kind: _band(each[:_COUNTED]) for kind, each in found.items() if len(each) >= _MIN_ENTRIES}


def _band(shares: Sequence[float]) -> Band:
    return Band(min(shares), statistics.median(shares), max(shares), len(shares), _within(shares))


def _within(shares: Sequence[float]) -> float:
    """How far off nine in ten were at most."""
    off = sorted(abs(each - 1) for each in shares)
    return off[math.ceil(0.9 * len(off)) - 1]
