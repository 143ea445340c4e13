"""What people take for a model although it is only a part of one, told with where the model is to be found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from octavo.engine.checkpoint.json_files import read_json_if_there
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported

_KINDS = {
    "adapter": ("this is an adapter (LoRA), not a whole model.", "Merge it into its base model first."),
    "mmproj": (
        "this is the part of a model that sees pictures.",
        "Open the language model that it belongs to.",
    ),
    "imatrix": (
        "this is an importance matrix, not a model.",
        "Give it to a conversion, as the option imatrix of a format.",
    ),
}


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds an adapter, a maker of pictures, or weights alone.

    Raises
    ------
    UnreadableModel, UnsupportedModel
        With the next step.
    """
    names = {each.name for each in folder.iterdir()}
    weights = [each for each in names if each.endswith((".safetensors", ".bin"))]
    if "adapter_config.json" in names and not any(not each.startswith("adapter_") for each in weights):
        base = read_json_if_there(folder / "adapter_config.json").get("base_model_name_or_path")
        into = shown(base) if isinstance(base, str) and base else "its base model"
        raise unsupported(
            folder,
            "this is an adapter (LoRA), not a whole model.",
            f"Merge it into {into} first (peft: merge_and_unload, save_pretrained), and open the result.",
        )
    if "config.json" in names:
        return
    if "model_index.json" in names:
        raise unsupported(folder, "this is a model that makes pictures, not text.")
    hint = ""
    if any(each.endswith(".gguf") for each in names):
        hint = "Open the .gguf file in it."
    elif weights:
        hint = "It holds weights alone: get config.json and the tokenizer's files from where they come from."
    raise unreadable(folder, "this folder has no config.json, so it is no model.", hint)


def check_bare_weights(path: Path) -> None:
    """Refuse a file of weights whose folder has nothing else of a model."""
    if path.suffix == ".safetensors" and path.is_file():
        check_folder(path.parent)


def check_kind(path: Path, fields: Mapping[str, Field]) -> None:
    """Refuse a GGUF file that says itself that it is no model."""
    kind = fields["general.type"].value if "general.type" in fields else ""
    if not kind and "general.architecture" in fields and fields["general.architecture"].value == "clip":
        kind = "mmproj"  # files from before the field was there
    if isinstance(kind, str) and kind in _KINDS:
        raise unsupported(path, *_KINDS[kind])
