"""Qualities that were measured, kept by source: what was read once need not be read again.

A source is known by its path, its size and the time of its last change; one that changes counts as another.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from octavo.engine.folders import data_folder
from octavo.engine.measure.figures import Measurement
from octavo.store.database import DatabaseFile, open_database, storable, told

_MIGRATIONS = (
    """
    CREATE TABLE measurements (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        quantizer TEXT NOT NULL,
        options TEXT NOT NULL,
        measurement TEXT NOT NULL,
        created REAL NOT NULL,
        UNIQUE (source, quantizer, options)
    )
    """,
)


@dataclass(frozen=True)
class Way:
    """A way to make a model smaller: the quantizer and what was chosen of its options, as text."""

    quantizer: str
    options: str = "{}"


def way(quantizer: str, options: Mapping[str, Any]) -> Way:  # values of the options' own types
    """The way that these options mean; their order does not matter."""
    return Way(quantizer, json.dumps(dict(options), sort_keys=True, default=str))


class Measurements(DatabaseFile):
    """The measurements of one data folder."""

    def __init__(self, path: Path | None = None) -> None:
        path = path or data_folder() / "measurements.sqlite"
        self._name = path.name
        self._database, self.problem = open_database(path, _MIGRATIONS)

    def keep(self, source: Path, made: Way, measurement: Measurement) -> None:
        """Write a measurement down in place of an earlier one of the same."""
        text = msgspec.json.encode(measurement).decode()
        values = (model_stamp(source), made.quantizer, made.options, text, time.time())
        with told(self._name):
            self._database.execute(
                "INSERT OR REPLACE INTO measurements (source, quantizer, options, measurement, created)"
                " VALUES (?, ?, ?, ?, ?)",
                values,
            )

    def of(self, source: Path) -> dict[Way, Measurement]:
        """All that is known of ``source`` as it is now; what another version wrote and cannot be read is left out."""
        with told(self._name):
            rows = self._database.execute(
                "SELECT quantizer, options, measurement FROM measurements WHERE source = ?",
                (model_stamp(source),),
            ).fetchall()
        found = {}
        for quantizer, options, text in rows:
            try:
                found[Way(quantizer, options)] = msgspec.json.decode(text, type=Measurement)
            except msgspec.DecodeError:
                continue
        return found


def model_stamp(source: Path) -> str:
    """Path, bytes and time of the last change; of a folder, those of its files together."""
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    facts = [each.stat() for each in files if each.is_file()]
    n_bytes, changed = (
        sum(each.st_size for each in facts),
        max((each.st_mtime_ns for each in facts), default=0),
    )
    return f"{storable(str(source.absolute()))}|{n_bytes}|{changed}"
