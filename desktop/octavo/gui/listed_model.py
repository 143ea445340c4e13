"""A model as the pages know it."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.engine.checkpoint.model import ModelCard
from octavo.store.library import ModelEntry, demo_model


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

    @property
    def name(self) -> str:
        """What to call it."""
        if self.is_demo:
            return self.entry.name
        return (self.card.name if self.card else "") or self.entry.name

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
