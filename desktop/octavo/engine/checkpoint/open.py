"""One way in for every kind of model file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import Checkpoint


def open_checkpoint(path: Path | str) -> Checkpoint:
    """Open a GGUF file, a Hugging Face folder, or a file inside such a folder.

    Raises
    ------
    UnreadableModel
        There is no such model, or it is damaged or not permitted.
    UnsupportedModel
        It is of a kind that is not known yet.
    """
    return GgufCheckpoint(Path(path))
