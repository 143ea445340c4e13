"""The ledger: what was predicted and what was then measured, so that estimates can say how good they are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from octavo.engine.folders import data_folder
from octavo.store.database import open_database

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
)
_MIN_ENTRIES = 3


@dataclass(frozen=True)
class LedgerEntry:
    """One prediction and its outcome.

    Parameters
    ----------
    kind : str
        What was predicted, with its unit: ``memory_bytes``, ``file_bytes``, ``tokens_per_second``.
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


class Ledger:
    """The ledger of one data folder."""

    def __init__(self, path: Path | None = None) -> None:
        self._database, self.problem = open_database(path or data_folder() / "ledger.sqlite", _MIGRATIONS)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def record(self, entry: LedgerEntry) -> None:
        """Write down a prediction and its outcome; ``created`` 0 means now."""
        self._database.execute(
            "INSERT INTO entries (kind, model, details, predicted, measured, created)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                entry.kind,
                entry.model,
                entry.details,
                entry.predicted,
                entry.measured,
                entry.created or time.time(),
            ),
        )

    def entries(self, kind: str) -> list[LedgerEntry]:
        """All entries of a kind, newest first."""
        rows = self._database.execute(
            "SELECT kind, model, predicted, measured, details, created FROM entries WHERE kind = ?"
            " ORDER BY created DESC, id DESC",
            (kind,),
        )
        return [LedgerEntry(*row) for row in rows]

    def error_band(self, kind: str) -> tuple[float, float] | None:
        """Least and greatest ``measured / predicted`` so far; None after fewer than three entries."""
        count, least, greatest = self._database.execute(
            "SELECT count(*), min(measured / predicted), max(measured / predicted) FROM entries"
            " WHERE kind = ? AND predicted > 0",
            (kind,),
        ).fetchone()
        return (least, greatest) if count >= _MIN_ENTRIES else None
