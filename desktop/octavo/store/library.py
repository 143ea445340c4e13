"""The models on this computer: those the user opened, and those that other programs keep, read in place.

Headers that were read once are remembered in the cache folder, by path, size and time. A file that cannot
be opened is an entry with its problem and never hides the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.resources
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from octavo import __version__
from octavo.engine.checkpoint.refusals import shown
from octavo.engine.errors import OctavoError
from octavo.engine.folders import cache_folder, data_folder
from octavo.engine.progress import Progress, Work
from octavo.store.atomic import whole_file
from octavo.store.patience import NoAnswer, Patience
from octavo.store.places import FoundModel, Place, known_places, search
from octavo.store.settings import Settings

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import ModelCard

BUILT_IN = "Octavo"
# What one version cannot open, the next one may.
_INDEX_NAME = f"library-3-{__version__}.json"
_LONGEST_NAME = 120
_COMPARED_BYTES = 65_536  # at each end


@dataclass(frozen=True)
class ModelEntry:
    """One model of the list.

    Parameters
    ----------
    path : str
    source : str
        Who keeps it: ``Octavo``, ``Added``, ``Folder``, ``Hugging Face``, ``LM Studio``, ``llama.cpp``, ...
    name : str
    bytes : int
        All its files together.
    architecture, type : str
        Empty where the file cannot be opened.
    parameters, context_length : int
        0 where the file cannot be opened.
    problem : str
        Why it cannot be opened, one sentence; empty if it can.
    modified : int
        When its newest file was written, nanoseconds since 1970.
    duplicate_of : str
        The path of the same file further up in the list; empty if it is the first.
    """

    path: str
    source: str
    name: str
    bytes: int
    architecture: str = ""
    type: str = ""
    parameters: int = 0
    context_length: int = 0
    problem: str = ""
    modified: int = 0
    duplicate_of: str = ""


@cache
def demo_model() -> Path:
    """The folder of the small model that comes with Octavo."""
    return Path(str(importlib.resources.files("octavo_resources"))) / "demo"


def converted_folder() -> Path:
    """Octavo's own folder for models."""
    folder = data_folder() / "models"
    folder.mkdir(exist_ok=True)
    return folder


def find_models(settings: Settings, places: Iterable[Place] | None = None) -> Iterator[FoundModel]:
    """Everything that looks like a model, each once; nothing is opened."""
    seen = set()
    with contextlib.closing(Patience()) as patience:
        for found in _candidates(settings, places):
            try:
                # Unlike ``resolve``, at peace with links in a circle.
                place = (
                    str(found.path) if found.problem else patience.ask(partial(os.path.realpath, found.path))
                )
            except NoAnswer as error:
                place, found = str(found.path), replace(found, problem=str(error))
            if place not in seen:
                seen.add(place)
                yield _in_characters(found)


def _in_characters(found: FoundModel) -> FoundModel:
    """The same; one whose path is no text can be neither told to the window nor kept in its list, and says so."""
    try:
        str(found.path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(found.path).decode("utf-8", "replace")
        problem = "Its name is written in no characters (not UTF-8). Rename it to open it."
        return FoundModel(Path(shown), found.source, problem=problem)
    return found


def read_card(path: Path) -> ModelCard:
    """The card of the model at ``path``, read from its header."""
    from octavo.engine.checkpoint.open import open_checkpoint

    with contextlib.closing(open_checkpoint(path)) as checkpoint:
        return checkpoint.card


def list_models(
    settings: Settings,
    places: Iterable[Place] | None = None,
    *,
    card_of: Callable[[Path], ModelCard | None] = read_card,
) -> Work[list[ModelEntry]]:
    """Find all models and read the headers of those that are new or have changed.

    Parameters
    ----------
    settings : Settings
        Names the user's own models and folders.
    places : iterable of Place, optional
        Where other programs keep theirs; by default those of this user.
    card_of : callable
        Reads a header. Where it gives None, the entry has the name and the size alone, and is not remembered.
    """
    found = list(find_models(settings, places))
    index = _read_index()
    entries = []
    with contextlib.closing(Patience()) as patience:
        silent: set[Path] = set()
        for done, each in enumerate(found):
            yield Progress(done, len(found), each.path.name)
            if not silent.isdisjoint(each.path.parents):
                each = replace(each, problem=str(NoAnswer()))
            try:
                entry = patience.ask(partial(describe, each, index.get(str(each.path)), card_of))
            except NoAnswer as error:
                silent.add(each.path.parent)  # its neighbours are not waited for
                entry = describe(replace(each, problem=str(error)), None, card_of)
            if entry is not None:
                entries.append(entry)
    entries = _with_duplicates(entries)
    _write_index(entries)
    return entries


def remembered_models() -> list[ModelEntry]:
    """The last list, as it was: shown at a start until ``list_models`` has looked again. Empty if there was none."""
    return list(_read_index().values())


def describe(
    found: FoundModel, known: ModelEntry | None, card_of: Callable[[Path], ModelCard | None]
) -> ModelEntry | None:
    """The entry of a model, from ``known`` if the files are still the same; None if it has gone."""
    if found.problem:
        return ModelEntry(str(found.path), found.source, _name(found), 0, problem=found.problem)
    try:
        n_bytes, modified = extent(found.path)
    except OSError:
        return None
    was_read = known is not None and (known.architecture or known.problem)
    if known is not None and was_read and (known.bytes, known.modified) == (n_bytes, modified):
        return replace(known, source=found.source, duplicate_of="")
    entry = ModelEntry(str(found.path), found.source, _name(found), n_bytes, modified=modified)
    return _with_header(entry, card_of)


def _with_header(entry: ModelEntry, card_of: Callable[[Path], ModelCard | None]) -> ModelEntry:
    try:
        card = card_of(Path(entry.path))
    except OctavoError as error:
        return replace(entry, problem=_without(shown(Path(entry.path).name), str(error)))
    if card is None:
        return entry
    return replace(
        entry,
        architecture=card.hyperparameters.architecture,
        type=card.type_name,
        parameters=card.n_parameters,
        context_length=card.hyperparameters.context_length,
    )


def _with_duplicates(entries: list[ModelEntry]) -> list[ModelEntry]:
    """The same, with later copies of a file told apart: equal in size, and in content at both ends."""
    first: dict[tuple[int, str], str] = {}
    sizes = Counter(entry.bytes for entry in entries)
    told = []
    for entry in entries:
        is_alone = sizes[entry.bytes] < 2 or not entry.bytes or Path(entry.path).is_dir()
        ends = "" if is_alone else _ends_of(Path(entry.path))
        known = first.setdefault((entry.bytes, ends), entry.path) if ends else entry.path
        told.append(entry if known == entry.path else replace(entry, duplicate_of=known))
    return told


def _ends_of(path: Path) -> str:
    """A hash of a file's first and last 64 KB; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(_COMPARED_BYTES))
            file.seek(max(0, path.stat().st_size - _COMPARED_BYTES))
            digest.update(file.read(_COMPARED_BYTES))
            return digest.hexdigest()
    except OSError:  # its entry says what is wrong
        return ""


def _candidates(settings: Settings, places: Iterable[Place] | None) -> Iterator[FoundModel]:
    yield FoundModel(demo_model(), BUILT_IN, "Octavo demo")
    yield from search(Place(BUILT_IN, converted_folder()))
    for path in settings.added_models:
        yield FoundModel(Path(path), "Added")
    for folder in settings.model_folders:
        yield from search(Place("Folder", Path(folder)))
    for place in known_places(Path.home(), os.environ) if places is None else places:
        yield from search(place)


def extent(path: Path) -> tuple[int, int]:
    """Bytes and newest time of a model's files."""
    if path.is_dir():
        files = [
            each for each in path.iterdir() if each.suffix in (".safetensors", ".json") and each.is_file()
        ]
    else:
        head, mark, count = path.name.rpartition("-00001-of-")
        files = sorted(path.parent.glob(f"{head}-?????-of-{count}")) if mark else [path]
    status = [each.stat() for each in files]
    return sum(each.st_size for each in status), max((each.st_mtime_ns for each in status), default=0)


def _name(found: FoundModel) -> str:
    """What to call it, on one line, whatever its file is called."""
    path = found.path
    return shown(found.name or (path.stem if path.suffix.lower() == ".gguf" else path.name), _LONGEST_NAME)


def _without(name: str, sentence: str) -> str:
    """``cut.gguf: the file is empty.`` beside the name already."""
    rest = sentence.removeprefix(f"{name}: ")
    return rest[:1].upper() + rest[1:]


def _read_index() -> dict[str, ModelEntry]:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        entries = msgspec.json.decode((cache_folder() / _INDEX_NAME).read_bytes(), type=list[ModelEntry])
        return {entry.path: entry for entry in entries}
    return {}


def _write_index(entries: list[ModelEntry]) -> None:
    """Remember what was read; a cache that cannot be written costs only time."""
    with contextlib.suppress(OSError), whole_file(cache_folder() / _INDEX_NAME) as file:
        file.write(msgspec.json.encode(entries))
