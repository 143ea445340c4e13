"""Name, size, licence and origin of a Hugging Face folder, under ``general.`` keys.

gguf-py's heuristics decide, so that the same folder gets the same name as from llama.cpp's converter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from octavo.engine.checkpoint.field_values import float32_field
from octavo.engine.checkpoint.json_files import JsonObject
from octavo.engine.checkpoint.model import Field, TensorInfo
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import UnreadableModel

_MAX_CARD = 256 << 10
_SAMPLING = {
    "top_k": "sampling_top_k",
    "top_p": "sampling_top_p",
    "min_p": "sampling_min_p",
    "temperature": "sampling_temp",
    "repetition_penalty": "sampling_penalty_repeat",
}


def general_fields(
    folder: Path,
    architecture: str,
    config: JsonObject,
    generation: JsonObject,
    tensors: Sequence[TensorInfo],
) -> dict[str, Field]:
    """The fields that tell what the model is and where it comes from."""
    import gguf

    card = read_model_card(folder / "README.md")
    known = {"_name_or_path": config["_name_or_path"]} if isinstance(config.get("_name_or_path"), str) else {}
    title = Path(model_id(folder))
    n_weights = sum(each.n_weights for each in tensors)
    metadata = gguf.Metadata.apply_metadata_heuristic(gguf.Metadata(), card, known, title, n_weights)
    metadata.name = metadata.name or title.name
    metadata.size_label = metadata.size_label or _size_label(tensors)
    for key, attribute in _SAMPLING.items():
        value = generation.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1 << 31:
            setattr(metadata, attribute, int(value) if key == "top_k" else float(value))
    writer = gguf.GGUFWriter(None, architecture)
    writer.add_type("model")
    metadata.set_gguf_meta_model(writer)
    fields = {key: _field(entry) for key, entry in writer.kv_data[0].items()}
    return {key: field for key, field in fields.items() if field is not None}


def _size_label(tensors: Sequence[TensorInfo]) -> str:
    """``1.1B``; ``8x7B`` where there are experts, the size then being that of a model with one of them."""
    from gguf.utility import size_label

    n_weights = sum(each.n_weights for each in tensors)
    experts = [each for each in tensors if "_exps." in each.name]
    each_expert = sum(info.n_weights // info.shape[0] for info in experts)
    shared = n_weights - sum(info.n_weights for info in experts)
    return size_label(n_weights, shared, each_expert, experts[0].shape[0] if experts else 0)


def _field(entry: Any) -> Field | None:  # Any: gguf-py's GGUFValue.
    """The entry as a field; None where a README gave a list for a text, or nothing."""
    kind = entry.type.name.lower()
    if kind == "array":
        texts = [text for text in entry.value if isinstance(text, str)]
        return Field("array", texts, "string") if texts else None
    if kind == "float32":
        return float32_field(entry.value)
    is_text = isinstance(entry.value, str)
    return Field(kind, entry.value) if is_text == (kind == "string") else None


def model_id(folder: Path) -> str:
    """What the folder is called; a snapshot in Hugging Face's cache has its name two folders above."""
    home = folder.resolve()
    repository = home.parent.parent.name
    if home.parent.name == "snapshots" and repository.startswith("models--"):
        return _as_text(repository.split("--")[-1])
    return _as_text(home.name)


def _as_text(name: str) -> str:
    """``name`` without the bytes of a file name that are no UTF-8."""
    return name.encode(errors="replace").decode()


def read_model_card(path: Path) -> dict[str, str | list[str]]:
    """Plain values and lists from the front matter of a README; anything nested is passed over.

    A model card is no part of the model: one that cannot be read counts as missing.
    """
    try:
        with SourceFile(path) as file:
            lines = file.read(0, min(file.size, _MAX_CARD)).decode(errors="replace").splitlines()
    except UnreadableModel:
        return {}
    if not lines or lines[0].strip() != "---" or "---" not in lines[1:]:
        return {}
    card: dict[str, str | list[str]] = {}
    key = ""
    for line in lines[1 : lines.index("---", 1)]:
        text = line.strip()
        if text.startswith("- ") and key:
            kept = card.setdefault(key, [])
            if isinstance(kept, list) and not text.endswith(":") and ": " not in text:
                kept.append(_unquoted(text[2:]))
        elif line[:1].strip() and ":" in line:
            key, _, value = (part.strip() for part in line.partition(":"))
            if value.startswith("[") and value.endswith("]"):
                card[key] = [_unquoted(each) for each in value[1:-1].split(",") if each.strip()]
            elif value and value[0] not in "|>{&*!":
                card[key] = _unquoted(value)
    return {name: value for name, value in card.items() if value}


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
