"""One way in for every kind of model file."""

from __future__ import annotations

import errno
from pathlib import Path

from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.checkpoint.not_models import check_bare_weights
from octavo.engine.checkpoint.refusals import unreadable
from octavo.engine.checkpoint.safetensors_folder import SafetensorsFolder

_IN_A_FOLDER = (".safetensors", ".json", ".jinja", ".model")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def open_checkpoint(path: Path | str) -> Checkpoint:
    """Open a GGUF file, a Hugging Face folder, or a file inside such a folder.

    Raises
    ------
    UnreadableModel
        There is no such model, or it is damaged or not permitted.
    UnsupportedModel
        It is of a kind that is not known yet.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return SafetensorsFolder(path)
        if path.suffix in _IN_A_FOLDER and (path.parent / "config.json").is_file() and path.is_file():
            return SafetensorsFolder(path.parent)
        check_bare_weights(path)
    except (OSError, ValueError) as error:
        is_long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
        reason = "there is no such file: its name is too long." if is_long else "this folder cannot be read."
        raise unreadable(path, reason) from error
    if path.suffix in _PICKLES and path.is_file():
        raise unreadable(
            path,
            "this file is a pickle, which can run programs when opened, so it is not read.",
            "Look for a copy of the model in safetensors or GGUF.",
        )
    return GgufCheckpoint(path)
