"""What MODEL may be on the command line: a path, ``demo``, or the name that another program keeps a model under."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from octavo.engine.errors import UnreadableModel
from octavo.engine.folders import expanded

_HUB_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/([\w.-]+/[\w.-]+)(?:/.*)?", re.I
)
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+(?<!\.gguf)")
_SHOWN_NAMES = 3


def find_model(name: str) -> Path:
    """The path of a model.

    Raises
    ------
    UnreadableModel
        There is none of that name, or several, with the next step; whether what is there is a model, its
        opening tells.
    """
    path = expanded(Path(name))
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if not path.is_symlink():
            return _kept_elsewhere(name, path)
    except (OSError, ValueError):
        return path
    return _one_of(path, path, _models_in(path)) if path.is_dir() else path


def _models_in(folder: Path) -> list[Path]:
    """The GGUF files of a folder that is no model itself."""
    from octavo.store.places import is_model_file

    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError:
        return []
    if "config.json" in names or "adapter_config.json" in names:
        return []
    return [folder / each for each in names if is_model_file(each) and (folder / each).is_file()]


def _kept_elsewhere(name: str, path: Path) -> Path:
    """A model that the Hugging Face cache or Ollama keeps under ``name``."""
    from octavo.engine.checkpoint.refusals import shown
    from octavo.store.places import kept_as, known_places

    address = _HUB_ADDRESS.fullmatch(name)
    wanted = address[1] if address else name
    found = kept_as(wanted, known_places(Path.home(), os.environ))
    if found:
        return _one_of(Path(wanted), found[0], found)
    if address or "://" in name or (_HUB_NAME.fullmatch(name) and not path.parent.is_dir()):
        raise UnreadableModel(
            f"{shown(wanted, 120)} is not on this computer, and Octavo downloads nothing.",
            "Download it with a browser or another program, and give the path of the file or folder.",
        )
    raise UnreadableModel(
        f"There is no file or folder {shown(name, 120)}.",
        f"{_like(path)}octavo models lists those that are here.",
    )


def _one_of(name: Path, usual: Path, found: list[Path]) -> Path:
    """The only one there is, or ``usual`` where there is none."""
    from octavo.engine.checkpoint.refusals import shown

    if len(found) <= 1:
        return found[0] if found else usual
    names = [shown(each.name, 60) for each in found[:_SHOWN_NAMES]]
    more = f" and {len(found) - _SHOWN_NAMES} more" if len(found) > _SHOWN_NAMES else ""
    raise UnreadableModel(
        f"{shown(str(name), 100)} holds {len(found)} models: {', '.join(names)}{more}.",
        f"Name one, for example {shown(str(found[0]), 200)}.",
    )


def _like(path: Path) -> str:
    """A question after a name that is spelled nearly so."""
    from octavo.engine.checkpoint.refusals import shown

    try:
        names = [each.name for each in path.parent.iterdir()]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, 1, 0.75)
    return f"Did you mean {shown(str(path.parent / near[0]), 160)}? " if near else ""
