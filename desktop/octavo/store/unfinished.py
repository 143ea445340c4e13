"""Conversions that were begun and not ended: noted before they begin, so that a killed one can be gone on with.

What a killed conversion leaves are ``NAME.partial``, a file or a folder, and ``NAME.journal``
(``engine.checkpoint.partial_file``).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from octavo.engine.calibrate.stream_files import forget_streams
from octavo.engine.folders import data_folder
from octavo.store.atomic import whole_file
from octavo.store.instance import lock_file

_FILE_NAME = "conversions.json"
_PARTIAL, _JOURNAL = ".partial", ".journal"


@dataclass(frozen=True)
class Aim:
    """A copy that was to be made.

    Parameters
    ----------
    output : str
        Path of the file or folder.
    quantizer : str
        Empty where nobody noted the beginning.
    options : dict
        Fields of the quantizer's options, of their own types.
    """

    output: str
    quantizer: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Begun:
    """A conversion as it was asked for.

    Parameters
    ----------
    aims : list of Aim
        What it makes in one pass.
    path, source_name : str
        The model, and what people call it; empty where nobody noted the beginning.
    allow_damaged : bool
        Whether damaged weights were to become 0.
    """

    aims: list[Aim]
    path: str = ""
    source_name: str = ""
    allow_damaged: bool = False

    @property
    def outputs(self) -> list[str]:
        """Where the copies go."""
        return [each.output for each in self.aims]


class Unfinished:
    """The notes of one data folder; where they cannot be written, conversions go on without."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or data_folder()) / _FILE_NAME

    def note(self, begun: Begun) -> None:
        """Write down that a conversion begins."""
        self._write([*_without(self._read(), begun.outputs), begun])

    def forget(self, outputs: Sequence[str]) -> None:
        """Strike out the note: it has ended, or was given up."""
        noted = self._read()
        kept = _without(noted, outputs)
        if len(kept) < len(noted):
            self._write(kept)

    def found(self, folders: Iterable[Path] = ()) -> list[Begun]:
        """Conversions that left something and that nobody works on: those noted, then others in ``folders``."""
        noted = [_still_to_do(each) for each in self._read()]
        noted = [each for each in noted if any(left_bytes(output) >= 0 for output in each.outputs)]
        outputs = {output for each in noted for output in each.outputs}
        for folder in dict.fromkeys(folders):
            others = sorted(folder.glob(f"*{_PARTIAL}")) if folder.is_dir() else []
            names = [str(each.with_name(each.name.removesuffix(_PARTIAL))) for each in others]
            noted += [Begun([Aim(each)]) for each in names if each not in outputs and left_bytes(each) >= 0]
        return noted

    def remove(self, outputs: Sequence[str]) -> None:
        """Delete what is left of a conversion, and its note. Raises ``OSError`` where that is not allowed."""
        for output in outputs:
            remove_left(output)
        self.forget(outputs)
        if not self.found():  # what another's calibration kept saves it minutes
            forget_streams()

    def _read(self) -> list[Begun]:
        """The notes; a file that is damaged, or cannot be read, counts as none."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Begun])
        except (OSError, msgspec.DecodeError):
            return []

    def _write(self, notes: list[Begun]) -> None:
        with contextlib.suppress(OSError), whole_file(self._path) as file:
            file.write(json.dumps([asdict(each) for each in notes], default=str).encode())


def left_bytes(output: str) -> int:
    """How much of ``output`` is on the disk, bytes; -1 where nothing is, or somebody is at work on it."""
    partial, journal = _leftovers(output)
    try:
        n_bytes = _held_bytes(partial)
        descriptor = os.open(journal, os.O_RDWR)
    except FileNotFoundError:
        return -1
    try:
        lock_file(descriptor)
    except OSError:
        return -1
    finally:
        os.close(descriptor)
    return n_bytes


def remove_left(output: str) -> None:
    """Delete what is left of a conversion, unless somebody is at work on it. Raises ``OSError``."""
    if left_bytes(output) < 0:
        return
    partial, journal = _leftovers(output)
    if partial.is_dir() and not partial.is_symlink():
        shutil.rmtree(partial)
    partial.unlink(missing_ok=True)
    journal.unlink(missing_ok=True)


def _still_to_do(begun: Begun) -> Begun:
    """Without the copies that got their names before the others could."""
    aims = [each for each in begun.aims if left_bytes(each.output) >= 0 or not os.path.lexists(each.output)]
    return replace(begun, aims=aims)


def _without(notes: Iterable[Begun], outputs: Sequence[str]) -> list[Begun]:
    return [each for each in notes if not set(each.outputs) & set(outputs)]


def _held_bytes(partial: Path) -> int:
    """What is there of it; a file whose space is only claimed is smaller than it looks."""
    if partial.is_dir():
        return sum(each.stat().st_size for each in partial.rglob("*") if each.is_file())
    found = partial.stat()
    held: int = getattr(found, "st_blocks", 0) * 512
    return min(found.st_size, held) if held else found.st_size


def _leftovers(output: str) -> tuple[Path, Path]:
    target = Path(output)
    return target.with_name(target.name + _PARTIAL), target.with_name(target.name + _JOURNAL)
