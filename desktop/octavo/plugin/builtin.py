"""What Octavo itself adds, through the same hooks as everybody: its formats, its backend, its memories."""

from __future__ import annotations

from pathlib import Path

from octavo.api import Backend, Checkpoint, CheckpointFormat, MemoryPool, hookimpl


class Gguf:
    """GGUF files."""

    name = "GGUF"

    def recognizes(self, path: Path) -> bool:
        """Whether it is a file that begins with GGUF's four letters."""
        try:
            with path.open("rb") as file:
                return path.is_file() and file.read(4) == b"GGUF"
        except OSError:  # a question, not a demand: opening it says what is wrong
            return False

    def open(self, path: Path) -> Checkpoint:
        """Open the file, checked."""
        from octavo.engine.checkpoint.open import open_checkpoint

        return open_checkpoint(path)


class HuggingFaceFolder:
    """Folders with ``config.json`` and safetensors files."""

    name = "Hugging Face"

    def recognizes(self, path: Path) -> bool:
        """Whether it is a folder that holds ``config.json``."""
        return (path / "config.json").is_file()

    def open(self, path: Path) -> Checkpoint:
        """Open the folder, checked."""
        from octavo.engine.checkpoint.open import open_checkpoint

        return open_checkpoint(path)


@hookimpl
def formats() -> list[CheckpointFormat]:
    """The containers that Octavo opens itself."""
    return [Gguf(), HuggingFaceFolder()]


@hookimpl
def memory_pools() -> list[MemoryPool]:
    """RAM, swap and the graphics memories that the drivers tell of."""
    from octavo.engine.hardware import memory

    return memory.memory_pools()


@hookimpl
def backends() -> list[Backend]:
    """The one that runs on the processor."""
    from octavo.plugin.numba_backend import NumbaBackend

    return [NumbaBackend()]
