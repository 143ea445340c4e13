"""What models are, read once: cards kept in the cache folder by path, size and time.

Reading the header of a model with a large vocabulary takes a tenth of a second, and those of a library of hundreds half
a minute at every start. A file that changes counts as another one; what cannot be opened is tried again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from octavo import __version__
from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.folders import cache_folder
from octavo.store.library import extent, read_card

MAX_KEPT = 1000


class _Kept(msgspec.Struct, frozen=True):
    """A card, and the files that it was read from."""

    version: str
    path: str
    extent: tuple[int, int]
    card: ModelCard


def known_card(path: Path) -> ModelCard | None:
    """The card of the model at ``path`` if it was kept and the files are still the same."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        kept = msgspec.json.decode(_file(path).read_bytes(), type=_Kept)
        if (kept.version, kept.path, kept.extent) == (__version__, str(path), extent(path)):
            return kept.card
    return None


def card_at(path: Path) -> ModelCard:
    """The card of the model at ``path``: the kept one, or read from its header and kept."""
    card = known_card(path)
    if card is None:
        card = read_card(path)
        keep_card(path, card)
    return card


def keep_card(path: Path, card: ModelCard) -> None:
    """Keep a card that was just read; a cache that cannot be written costs only time."""
    with contextlib.suppress(OSError):
        kept = _Kept(__version__, str(path), extent(path), card)
        file = _file(path)
        # Not flushed to the disk: a loss costs only time, and waiting for the disk takes longer than reading the model.
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_bytes(msgspec.json.encode(kept))
        partial.replace(file)
        _forget_the_oldest()


def _file(path: Path) -> Path:
    folder = cache_folder() / "cards"
    folder.mkdir(exist_ok=True)
    return folder / f"{hashlib.sha256(str(path).encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"


def _forget_the_oldest() -> None:
    files = list((cache_folder() / "cards").glob("*.json"))
    if len(files) > MAX_KEPT:
        for each in sorted(files, key=lambda file: file.stat().st_mtime)[: len(files) - MAX_KEPT * 9 // 10]:
            each.unlink(missing_ok=True)
