"""Where models lie on a computer: the folders of other programs, searched by name only, nothing is opened.

Sources of the folders: the documentation of huggingface_hub (``HF_HUB_CACHE``, ``HF_HOME``), LM Studio,
llama.cpp (``LLAMA_CACHE``), Ollama (``OLLAMA_MODELS``), Jan and GPT4All, as of 2026.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from octavo.store.patience import NoAnswer, Patience

MAX_FOLDERS = 20_000
MAX_DEPTH = 8
_LATER_PART = re.compile(r"-(?!00001-of-)\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_OLLAMA_MODEL = "application/vnd.ollama.image.model"
_MAX_MANIFEST_BYTES = 1_000_000


@dataclass(frozen=True)
class Place:
    """A folder in which a program keeps models; ``source`` is the program's name."""

    source: str
    folder: Path


@dataclass(frozen=True)
class FoundModel:
    """Something that looks like a model by its name; ``name`` is empty where the path says it.

    ``problem`` tells why it cannot be one after all, where that shows without opening it.
    """

    path: Path
    source: str
    name: str = ""
    problem: str = ""


def known_places(home: Path, environment: Mapping[str, str]) -> list[Place]:
    """The folders of the programs that we know, whether they exist or not."""

    def chosen(variable: str, *standard: str) -> list[Path]:
        value = environment.get(variable)
        return [Path(value)] if value else [home.joinpath(*each.split("/")) for each in standard]

    hub = [Path(environment["HF_HOME"]) / "hub"] if environment.get("HF_HOME") else []
    cache = [Path(environment["XDG_CACHE_HOME"])] if environment.get("XDG_CACHE_HOME") else []
    folders = {
        "Hugging Face": chosen("HF_HUB_CACHE")
        or chosen("HUGGINGFACE_HUB_CACHE")
        or hub
        or [each / "huggingface/hub" for each in cache]
        or chosen("", ".cache/huggingface/hub"),
        "LM Studio": [*_pointed_to(home), *chosen("", ".lmstudio/models", ".cache/lm-studio/models")],
        "llama.cpp": chosen("LLAMA_CACHE")
        or [each / "llama.cpp" for each in cache]
        or chosen("", ".cache/llama.cpp", "Library/Caches/llama.cpp", "AppData/Local/llama.cpp"),
        "Ollama": [*chosen("OLLAMA_MODELS", ".ollama/models"), Path("/usr/share/ollama/.ollama/models")],
        "Jan": chosen(
            "",
            ".local/share/Jan/data/llamacpp/models",
            ".config/Jan/data/llamacpp/models",
            "AppData/Roaming/Jan/data/llamacpp/models",
            "Library/Application Support/Jan/data/llamacpp/models",
            "jan/models",
        ),
        "GPT4All": chosen(
            "",
            ".local/share/nomic.ai/GPT4All",
            "Library/Application Support/nomic.ai/GPT4All",
            "AppData/Local/nomic.ai/GPT4All",
            ".cache/gpt4all",
        ),
    }
    return [Place(source, folder) for source, those in folders.items() for folder in those]


def _pointed_to(home: Path) -> list[Path]:
    """LM Studio's folder where the user has moved it: a file in the home folder holds its path."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        moved = (home / ".lmstudio-home-pointer").read_text().strip()
        if moved:
            return [Path(moved) / "models"]
    return []


def search(place: Place) -> Iterator[FoundModel]:
    """Everything in a folder that looks like a model; what cannot be read is passed over.

    A folder that does not answer is told of, and what lies elsewhere is found all the same.
    """
    with contextlib.closing(Patience()) as patience:
        if place.source == "Ollama":
            yield from _patiently(patience, place, place.folder, lambda: list(_ollama_models(place)))
            return
        waiting, n_folders = [place.folder], 0
        while waiting and n_folders < MAX_FOLDERS:
            folder = waiting.pop()
            n_folders += 1
            found: list[Path] = []
            yield from _patiently(patience, place, folder, partial(_look, place, folder, found))
            waiting += reversed(found)


def _patiently(
    patience: Patience, place: Place, folder: Path, look: Callable[[], list[FoundModel]]
) -> list[FoundModel]:
    try:
        return patience.ask(look)
    except NoAnswer as error:
        return [FoundModel(folder, place.source, problem=str(error))]


def _look(place: Place, folder: Path, folders: list[Path]) -> list[FoundModel]:
    """The models of one folder; folders in it are added to ``folders``, but for links, which may lead in circles."""
    inner, files = [], []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for each in entries:
            if not _is_folder(each):
                files.append(each.name)
            elif not each.is_symlink() and not each.name.startswith("."):
                inner.append(each.name)
    if len(folder.relative_to(place.folder).parts) < MAX_DEPTH:
        folders += [folder / each for each in sorted(inner)]
    # Jan calls every file so, and the folder by the model's name.
    models = [
        FoundModel(
            folder / file,
            place.source,
            folder.name if file == "model.gguf" else "",
            _problem(folder / file),
        )
        for file in sorted(files)
        if is_model_file(file)
    ]
    if "config.json" in files and any(file.endswith(".safetensors") for file in files):
        models.append(FoundModel(folder, place.source, _hub_name(folder)))
    return models


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False


def _problem(path: Path) -> str:
    """Why something with a model's name cannot be opened; it is not opened here, as a pipe never ends that."""
    try:
        kind = path.stat().st_mode
    except PermissionError:
        return "You have no right to read it."
    except OSError:  # a circle of links too
        return "It is a link, and the file that it leads to is missing."
    return "" if stat.S_ISREG(kind) else "It is no ordinary file."


def kept_as(name: str, places: Iterable[Place]) -> list[Path]:
    """What the programs keep under a name, newest first: ``org/model`` of the hub, ``model:tag`` of Ollama.

    A folder of the hub stands for the model in it, however often it was fetched; GGUF files are each a model.
    """
    wanted = {name.casefold(), f"{name}:latest".casefold()}
    found = {
        each.path
        for place in places
        for each in search(place)
        if not each.problem and (each.name or _hub_name(each.path.parent)).casefold() in wanted
    }
    newest = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    folders = [each for each in newest if each.is_dir()]
    return folders[:1] or newest


def is_model_file(name: str) -> bool:
    """Whether a file of that name is a model to open: no projector, and the first of a split one's parts.

    What begins with ``._`` is macOS's note on a file beside it.
    """
    lower = name.lower()
    return (
        lower.endswith(".gguf") and not lower.startswith(("mmproj", "._")) and not _LATER_PART.search(lower)
    )


def _hub_name(folder: Path) -> str:
    """``org/model`` of a snapshot in the Hugging Face cache; else empty."""
    for part in reversed(folder.parts):
        if part.startswith("models--"):
            return part.removeprefix("models--").replace("--", "/")
    return ""


def _ollama_models(place: Place) -> Iterator[FoundModel]:
    """The models that Ollama's manifests name; their files are called after their checksum."""
    manifests = place.folder / "manifests"
    for name, _, files in os.walk(manifests):
        for file in sorted(files):
            path = Path(name) / file
            digest = _ollama_digest(path)
            blob = place.folder / "blobs" / digest.replace(":", "-")
            if digest:
                problem = "" if blob.is_file() else "Its file is missing: Ollama has not loaded all of it."
                yield FoundModel(blob, place.source, f"{path.parent.name}:{path.name}", problem)


def _ollama_digest(manifest: Path) -> str:
    with contextlib.suppress(OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        if not manifest.is_file() or manifest.stat().st_size > _MAX_MANIFEST_BYTES:
            return ""
        for layer in json.loads(manifest.read_bytes())["layers"]:
            digest = layer["digest"]
            if layer["mediaType"] == _OLLAMA_MODEL and re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
                return str(digest)
    return ""
