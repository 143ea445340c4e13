"""A model as the pages know it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from octavo.engine.checkpoint.model import ModelCard
from octavo.store.library import ModelEntry, demo_model, remembered_models
from octavo.store.settings import Settings

# Names that say nothing of the model: what programs call a file by default, and checksums.
_TELLS_NOTHING = re.compile(
    r"(ggml[-_.])?(model|ggml|consolidated|pytorch_model)?|(sha256-)?[0-9a-f]{32,}", re.IGNORECASE
)
ADDED = "Added"
_PART = re.compile(r"-\d{5}-of-\d{5}$")


@dataclass(frozen=True)
class Model:
    """A model in the list: what the library knows of it, and its card once it has been opened."""

    entry: ModelEntry
    card: ModelCard | None = None
    problem: str = ""

    @property
    def path(self) -> str:
        """Where it lies."""
        return self.entry.path

    @property
    def is_demo(self) -> bool:
        """Whether it is the one that ships with the program."""
        return self.path == str(demo_model())

    @cached_property  # every page asks for the names of all models whenever one was read
    def name(self) -> str:
        """What people call it: its file or folder, whose type is shown apart; the name inside is often a trainer's."""
        if self.is_demo:
            return self.entry.name
        named = _PART.sub("", self.entry.name)
        type_name = self.type_name.lower()
        if type_name and named.lower().endswith(type_name):
            named = named[: -len(type_name)].rstrip("-_. ")
        if self.card is None:
            return named or self.entry.name
        return (self.card.name or self.entry.name) if _TELLS_NOTHING.fullmatch(named) else named

    @property
    def type_name(self) -> str:
        """How its weights are stored; empty until it is known."""
        return self.card.type_name if self.card else self.entry.type

    @property
    def n_bytes(self) -> int:
        """Bytes of all its files; 0 until they are known."""
        return self.card.file_bytes if self.card else self.entry.bytes

    @property
    def is_folder(self) -> bool:
        """Whether it is a Hugging Face folder."""
        return self.card.container != "gguf" if self.card else not self.path.lower().endswith(".gguf")


def unread(name: str) -> ModelEntry:
    """A model that somebody has added, before anything is known of it."""
    return ModelEntry(path=name, source=ADDED, name=Path(name).stem, bytes=0)


def last_models(settings: Settings) -> list[ModelEntry]:
    """Those of the last time, without what was removed since; at least those that somebody has added."""
    added = settings.added_models
    last = [each for each in remembered_models() if each.source != ADDED or each.path in added]
    return last or [unread(each) for each in added]


def listed(entries: Sequence[ModelEntry], known: Mapping[str, Model]) -> dict[str, Model]:
    """The models of ``entries`` by their paths, the demo last; what is known of those that stay is kept."""
    models: dict[str, Model] = {}
    for entry in sorted(entries, key=lambda each: each.path == str(demo_model())):
        old = known.get(entry.path)
        is_same = old is not None and (old.entry, old.problem) == (entry, entry.problem)
        made = Model(entry, old.card if old else None, entry.problem)
        models[entry.path] = old if old and is_same else made
    for path, model in known.items():
        # One that was opened while the list was made may be missing in it.
        if path not in models and model.entry.source == ADDED and Path(path).exists():
            models = {path: model, **models}
    return models
