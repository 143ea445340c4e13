"""What the user chose: one small JSON file, written whole, never a reason to crash.

Keys that this version does not know are kept when it saves. A value of the wrong type counts as not set;
a file that is no JSON object is set aside as ``settings.broken.json`` and the defaults are used.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_type_hints

import msgspec

from octavo.engine.folders import config_folder
from octavo.store.atomic import whole_file

MAX_RECENT = 12
_FILE_NAME = "settings.json"


@dataclass(frozen=True)
class Settings:
    """All choices, with their defaults.

    Parameters
    ----------
    theme : str
        ``system``, ``light`` or ``dark``.
    context_tokens : int
        Context to load a model with, tokens; 0 lets Octavo choose.
    kv_type : str
        ``f16`` or ``q8_0``.
    n_threads : int
        Threads of the engine; 0 lets Octavo choose.
    temperature, top_k, top_p, min_p
        How a chat samples.
    max_tokens : int
        Longest answer, tokens; 0 means until the context is full.
    system_prompt : str
        What a new chat begins with.
    enabled_plugins : tuple of str
        Third-party plugins that the user switched on.
    model_folders : tuple of str
        Folders to look for models in, beside those of other programs.
    added_models : tuple of str
        Models that the user opened or converted.
    recent_models : tuple of str
        Those opened last, newest first.
    output_folder : str
        Where conversions go; empty means beside the source.
    window : str
        The window's size and place, as the window wrote it.
    """

    theme: Literal["system", "light", "dark"] = "system"
    context_tokens: int = 0
    kv_type: Literal["f16", "q8_0"] = "f16"
    n_threads: int = 0
    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    max_tokens: int = 0
    system_prompt: str = ""
    enabled_plugins: tuple[str, ...] = ()
    model_folders: tuple[str, ...] = ()
    added_models: tuple[str, ...] = ()
    recent_models: tuple[str, ...] = ()
    output_folder: str = ""
    window: str = ""

    def with_model(self, path: Path | str) -> Settings:
        """The same choices, with ``path`` as the model opened last."""
        name = str(path)
        recent = (name, *(each for each in self.recent_models if each != name))
        added = self.added_models if name in self.added_models else (*self.added_models, name)
        return replace(self, recent_models=recent[:MAX_RECENT], added_models=added)


def load_settings(folder: Path | None = None) -> Settings:
    """Read the choices from ``folder``, by default Octavo's own; what cannot be read counts as not set."""
    with contextlib.suppress(OSError):
        return _known(_read(folder or config_folder()))
    return Settings()


def save_settings(settings: Settings, folder: Path | None = None, *, since: Settings | None = None) -> None:
    """Write the choices; keys of other versions stay in the file.

    Parameters
    ----------
    since : Settings, optional
        Write only what differs from these: the rest may have been changed by somebody else.
    """
    folder = folder or config_folder()
    before = asdict(since) if since is not None else {}
    chosen = {name: value for name, value in asdict(settings).items() if before.get(name, ...) != value}
    document = _read(folder) | chosen
    with whole_file(folder / _FILE_NAME) as file:
        # What of a path is no text is replaced by what JSON escapes it with.
        file.write(json.dumps(document, indent=1, ensure_ascii=False).encode(errors="backslashreplace"))


def _read(folder: Path) -> dict[str, Any]:
    """The file's JSON object; a broken file is set aside."""
    path = folder / _FILE_NAME
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or nested beyond reason
        document = None
    if isinstance(document, dict):
        return document
    path.replace(folder / "settings.broken.json")
    return {}


def _known(document: dict[str, Any]) -> Settings:
    types = get_type_hints(Settings)
    values = {}
    for field in fields(Settings):
        if field.name in document:
            with contextlib.suppress(msgspec.ValidationError):
                values[field.name] = msgspec.convert(document[field.name], types[field.name])
    return Settings(**values)
