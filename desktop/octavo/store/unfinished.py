"""Conversions that were begun and not ended: noted before they begin, so that a killed one can be gone on with.

What a killed conversion leaves are ``NAME.partial`` and ``NAME.journal`` (``engine.checkpoint.partial_file``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from octavo.engine.folders import data_folder
from octavo.store.atomic import whole_file
from octavo.store.instance import lock_file

_FILE_NAME = "conversions.json"


@dataclass(frozen=True)
class Begun:
    """A conversion as it was asked for.

    Parameters
    ----------
    path, source_name : str
        The model, and what people call it; empty where nobody noted the beginning.
    quantizer : str
    output : str
        Path of the file that was to be.
    options : dict
        Fields of the quantizer's options, of their own types.
    """

    output: str
    path: str = ""
    source_name: str = ""
    quantizer: str = ""
    options: dict[str, Any] = field(default_factory=dict)


class Unfinished:
    """The notes of one data folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or data_folder()) / _FILE_NAME

    def note(self, begun: Begun) -> None:
        """Write down that a conversion begins."""
        self._write([*(each for each in self._read() if each.output != begun.output), begun])

    def forget(self, output: str) -> None:
        """Strike out the note: it has ended, or was given up."""
        kept = self._read()
        if any(each.output == output for each in kept):
            self._write([each for each in kept if each.output != output])

    def found(self, folders: Iterable[Path] = ()) -> list[Begun]:
        """Conversions that left something and that nobody works on: those noted, then others in ``folders``."""
        noted = [each for each in self._read() if left_bytes(each.output) >= 0]
        outputs = {each.output for each in noted}
        for folder in dict.fromkeys(folders):
            others = sorted(folder.glob("*.gguf.partial")) if folder.is_dir() else []
            names = [str(each.with_name(each.name.removesuffix(".partial"))) for each in others]
            noted += [Begun(each) for each in names if each not in outputs and left_bytes(each) >= 0]
        return noted

    def remove(self, output: str) -> None:
        """Delete what is left of a conversion, and its note. Raises ``OSError`` where that is not allowed."""
        for path in _leftovers(output):
            path.unlink(missing_ok=True)
        self.forget(output)

    def _read(self) -> list[Begun]:
        """The notes; a damaged file counts as none."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Begun])
        except (FileNotFoundError, msgspec.DecodeError):
            return []

    def _write(self, notes: list[Begun]) -> None:
        with whole_file(self._path) as file:
            file.write(json.dumps([asdict(each) for each in notes], default=str).encode())


def left_bytes(output: str) -> int:
    """How much of ``output`` is on the disk, bytes; -1 where nothing is, or somebody is at work on it."""
    partial, journal = _leftovers(output)
    try:
        n_bytes = partial.stat().st_size
        descriptor = os.open(journal, os.O_RDWR)
    except FileNotFoundError:
        return -1
    try:
        lock_file(descriptor)
    except OSError:
        return -1
    finally:
        os.close(descriptor)
    held: int = getattr(partial.stat(), "st_blocks", 0) * 512
    return min(n_bytes, held) if held else n_bytes


def _leftovers(output: str) -> tuple[Path, Path]:
    target = Path(output)
    return target.with_name(f"{target.name}.partial"), target.with_name(f"{target.name}.journal")
