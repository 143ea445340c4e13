"""Which tensors of an unfinished file are safely on the disk, so that the work can go on after a crash.

One line of JSON each, with a checksum before it: first what the file will be (its identity), then a line for every
tensor that is whole. A line is written only after the data before it was forced to the disk. A line that a crash
cut short ends the journal; so does one whose checksum is wrong.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Condition, Thread

SECONDS_BETWEEN_COMMITS = 0.5
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """One whole tensor.

    Parameters
    ----------
    tensor : str
    end : int
        Where its data and their padding end, bytes from the file's start.
    sha256 : str
        Of the file from its start to ``end``, hexadecimal.
    """

    tensor: str
    end: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """All that a journal says.

    Parameters
    ----------
    identity : dict of str to str
        What the file will be; empty if the journal is.
    entries : list of Entry
    """

    identity: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


def read_journal(path: Path) -> Record:
    """What stands in the journal up to its first bad line; an empty record if there is none."""
    try:
        with path.open("rb") as file:
            lines = file.read(_MAX_BYTES).split(b"\n")
    except OSError:  # there is no journal, or nobody may read it: then there is nothing to go on from
        return Record()
    identity: dict[str, str] = {}
    entries: list[Entry] = []
    for number, line in enumerate(lines[:-1]):
        content = _content(line)
        if not isinstance(content, dict):
            break
        if number == 0:
            identity = {str(key): str(value) for key, value in content.items()}
            continue
        try:
            entries.append(Entry(str(content["tensor"]), int(content["end"]), str(content["sha256"])))
        except (KeyError, TypeError, ValueError):
            break
    return Record(identity, entries)


def _content(line: bytes) -> object:
    """What a line says; None if it is damaged."""
    checksum, _, text = line.partition(b" ")
    try:
        return json.loads(text) if int(checksum, 16) == zlib.crc32(text) else None
    except ValueError:
        return None


def journal_line(content: Mapping[str, object]) -> bytes:
    """One line, with its checksum."""
    text = json.dumps(content).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


class JournalKeeper:
    """Writes a journal from a thread of its own: forces the data to the disk, then the lines about them.

    Parameters
    ----------
    descriptor : int
        The open journal, which is emptied.
    record : Record
        What it says from the start.
    sync_data : callable
        Forces to the disk what the next lines are about.
    """

    def __init__(self, descriptor: int, record: Record, sync_data: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._sync_data = sync_data
        self._news = Condition()
        self._pending: list[Entry] = []
        self._ends = False
        self._error: OSError | None = None
        self._thread: Thread | None = None
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        self._write([record.identity, *map(asdict, record.entries)])

    def note(self, entry: Entry) -> None:
        """Have ``entry`` written soon; from any thread."""
        with self._news:
            self._pending.append(entry)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="octavo-journal", daemon=True)
                self._thread.start()

    def check(self) -> None:
        """Raise what went wrong in the thread, if anything did."""
        if self._error is not None:
            raise self._error

    def commit(self) -> None:
        """Write all that was noted, now."""
        self.close()
        self.check()
        self._commit()

    def close(self) -> None:
        """End the thread; what is not written yet is left out."""
        with self._news:
            self._ends = True
            self._news.notify_all()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._ends, SECONDS_BETWEEN_COMMITS)
                if self._ends:
                    return
            try:
                self._commit()
            except OSError as error:  # raised in the writer's thread by ``check``
                self._error = error
                return

    def _commit(self) -> None:
        with self._news:
            entries, self._pending = self._pending, []
        if entries:
            self._sync_data()
            self._write(list(map(asdict, entries)))
            os.fsync(self._descriptor)

    def _write(self, contents: list[Mapping[str, object]] | list[dict[str, object]]) -> None:
        rest = memoryview(b"".join(map(journal_line, contents)))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
