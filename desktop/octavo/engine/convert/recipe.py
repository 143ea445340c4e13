"""How a file is made: told in its metadata, and compared before a killed conversion is gone on with."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from octavo import __version__
from octavo.engine.checkpoint.gguf_bytes import encode_header
from octavo.engine.checkpoint.model import Checkpoint, Field, TensorInfo
from octavo.engine.checkpoint.source_hash import fingerprint
from octavo.engine.quantize.quantizer import Quantizer

_REASONS = {
    "source": "the model has changed since",
    "octavo": "it was made by another version of Octavo",
    "options": "it was made with other options",
    "plan": "it was made with other options",
    "plugin": "its plugin has another version now",
}


def recipe(source: Checkpoint, quantizer: Quantizer, options: Any, *, mode: str) -> dict[str, object]:
    """What the metadata tell: program, plugin, options, and the source's name; no folder of this computer."""
    return {
        "octavo": __version__,
        "quantizer": quantizer.name,
        "plugin": _plugin(quantizer),
        "options": {name: _without_folder(value) for name, value in _options(options).items()},
        "mode": mode,
        "source": source.path.absolute().name,
        "files": len(source.files()),
    }


def identity(
    source: Checkpoint,
    quantizer: Quantizer,
    options: Any,  # an instance of the quantizer's own Options, or None
    fields: Mapping[str, Field],
    planned: Sequence[TensorInfo],
    *,
    mode: str,
) -> dict[str, str]:
    """All that decides the bytes of the result: of two conversions with the same, one may end what the other began."""
    chosen = {name: _with_content(value) for name, value in _options(options).items()}
    return {
        "octavo": __version__,
        "source": fingerprint(source.files()),
        "plugin": _plugin(quantizer),
        "options": json.dumps([quantizer.name, chosen, mode], sort_keys=True, default=str),
        "plan": _digest(fields, planned),
    }


def why_afresh(differences: Sequence[str]) -> str:
    """One sentence on why a killed conversion is not gone on with."""
    reason = next((_REASONS[each] for each in _REASONS if each in differences), "it was another one")
    return f"An unfinished conversion to this file was left out, because {reason}: it was begun afresh."


def _digest(fields: Mapping[str, Field], planned: Sequence[TensorInfo]) -> str:
    """Of the metadata, and of every tensor's name, shape and type, also of types that no GGUF file knows."""
    digest = hashlib.sha256(encode_header(fields, []))
    for each in planned:
        digest.update(f"{each.name} {each.shape} {each.block_type.name}\n".encode())
    return digest.hexdigest()


def _plugin(quantizer: Quantizer) -> str:
    name, version = getattr(quantizer, "plugin", ""), getattr(quantizer, "version", "")
    return f"{name} {version}".strip()


def _options(options: Any) -> dict[str, Any]:  # of any quantizer's own dataclass
    return dataclasses.asdict(options) if dataclasses.is_dataclass(options) else {}  # type: ignore[arg-type]


def _without_folder(value: object) -> object:
    return Path(value).name if isinstance(value, str) and ("/" in value or "\\" in value) else value


def _with_content(value: object) -> object:
    """A file that an option names, with a digest of what is in it."""
    if isinstance(value, str) and value:
        try:
            return [value, fingerprint([Path(value)])]
        except (OSError, ValueError):  # it names no file
            return value
    return value
