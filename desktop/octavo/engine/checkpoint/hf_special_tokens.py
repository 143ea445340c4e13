"""Special token ids, whether they are added to a text, and chat templates of a Hugging Face folder.

What is read from where is what gguf-py's ``SpecialVocab`` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from octavo.engine.checkpoint.json_files import JsonObject, read_json, read_json_if_there
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import unreadable
from octavo.engine.checkpoint.source_file import SourceFile

_KEYS = {
    "bos": "bos",
    "eos": "eos",
    "unk": "unknown",
    "sep": "seperator",
    "pad": "padding",
    "cls": "cls",
    "mask": "mask",
    "eot": "eot",
}
_MAX_TEMPLATE = 4 << 20
_MOST_TEMPLATES = 20
# Whoever reads a GGUF file knows by these texts that a reply ends, so nothing needs to say it.
KNOWN_ENDS = frozenset(
    {
        "<|eot_id|>",
        "<|eom_id|>",
        "<|im_end|>",
        "<|end|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<end_of_turn>",
        "<eos>",
        "</s>",
    }
)


def special_fields(
    folder: Path, tokenizer: JsonObject, config: JsonObject, model: JsonObject, tokens: Sequence[str]
) -> dict[str, Field]:
    """Fields for ids, flags and templates, in that order.

    Parameters
    ----------
    tokenizer, config, model : dict
        tokenizer.json, tokenizer_config.json and config.json.
    tokens : sequence of str
        The vocabulary.
    """
    named = {role: text for role in _KEYS if (text := _content(config.get(f"{role}_token")))}
    named.setdefault("bos", named.get("cls", ""))
    named.setdefault("eos", named.get("sep", ""))
    flags = _template_flags(tokenizer, named)
    flags |= {role: config[key] for role in _KEYS if isinstance(config.get(key := f"add_{role}_token"), bool)}
    fields: dict[str, Field] = {}
    for role, number in _ids(tokenizer, named, model):
        if 0 <= number < len(tokens):
            fields.setdefault(f"tokenizer.ggml.{_KEYS[role]}_token_id", Field("uint32", number))
    for role, number in _more_ends(folder, model, tokens, fields):
        fields[f"tokenizer.ggml.{role}_token_id"] = Field("uint32", number)
    for role, is_added in flags.items():
        if role in ("bos", "eos", "sep"):
            fields[f"tokenizer.ggml.add_{role}_token"] = Field("bool", is_added)
    return fields | _templates(folder, config)


def _ids(tokenizer: JsonObject, named: dict[str, str], model: JsonObject) -> Iterator[tuple[str, int]]:
    added = tokenizer.get("added_tokens")
    numbers: dict[str, int] = {}
    for each in added if isinstance(added, list) else []:
        if isinstance(each, dict) and isinstance(each.get("content"), str) and type(each.get("id")) is int:
            numbers.setdefault(each["content"], each["id"])
    for role in _KEYS:
        if named.get(role) in numbers:
            yield role, numbers[named[role]]
    nested = model.get("text_config")
    for role in _KEYS:
        value = model.get(f"{role}_token_id")
        if value is None and isinstance(nested, dict):
            value = nested.get(f"{role}_token_id")
        if type(value) is int:
            yield role, value


def _more_ends(
    folder: Path, model: JsonObject, tokens: Sequence[str], known: Mapping[str, Field]
) -> Iterator[tuple[str, int]]:
    """Roles for tokens that end a reply too, as the folder lists them; llama.cpp's converter passes them over."""
    generation = read_json_if_there(folder / "generation_config.json")
    given = [each.get("eos_token_id") for each in (generation, model)]
    listed = [number for each in given for number in (each if isinstance(each, list) else [each])]
    numbers = [each for each in dict.fromkeys(map(_number, listed)) if 0 <= each < len(tokens)]
    named = {field.value for key, field in known.items() if key.endswith(("eos_token_id", "eot_token_id"))}
    free = [role for role in ("eos", "eot", "eom") if f"tokenizer.ggml.{role}_token_id" not in known]
    if numbers and "eos" in free:
        yield free.pop(0), numbers[0]
        named.add(numbers[0])
    unnamed = [each for each in numbers if each not in named and tokens[each] not in KNOWN_ENDS]
    yield from zip(free, unnamed, strict=False)


def _number(value: Any) -> int:  # Any: unchecked JSON.
    return value if type(value) is int else -1


def _template_flags(tokenizer: JsonObject, named: dict[str, str]) -> dict[str, bool]:
    """Which tokens the post-processor puts around a text; a last one other than ``eos`` makes ``eos`` the ``eot``."""
    flags: dict[str, bool] = {}
    processor = tokenizer.get("post_processor")
    stages = processor.get("processors", [processor]) if isinstance(processor, dict) else []
    for stage in stages if isinstance(stages, list) else []:
        if not isinstance(stage, dict):
            continue
        if stage.get("type") == "ByteLevel":
            flags.setdefault("bos", False)
            flags.setdefault("eos", False)
        elif stage.get("type") == "RobertaProcessing":
            flags |= {"bos": True, "eos": True, "sep": True}
        elif stage.get("type") == "TemplateProcessing":
            _read_template(stage, named, flags)
    return flags


def _read_template(stage: JsonObject, named: dict[str, str], flags: dict[str, bool]) -> None:
    single, pair = _items(stage.get("single")), _items(stage.get("pair"))
    first = last = ""
    if len(single) > 1:
        first, last = _special(single[0]), _special(single[-1])
    if first:
        if not named.get("bos"):
            named["bos"] = first
        flags["bos"] = first in (named["bos"], named.get("cls"))
    if last:
        if named.get("eos") and named["eos"] != last:
            named.setdefault("eot", named["eos"])
        named["eos"] = last
        flags["eos"] = True
    inner = pair[1:] if pair and first and _special(pair[0]) == first else pair
    inner = inner[:-1] if inner and last and _special(inner[-1]) == last else inner
    if len(inner) > 2 and _sequence(inner[0]) == "A" and _sequence(inner[-1]) == "B":
        between = {_special(each) for each in inner[1:-1]} - {""}
        flags["sep"] = bool(between & {named.get("sep"), named.get("eos")}) and not last


def _items(value: Any) -> list[JsonObject]:  # Any: unchecked JSON.
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _special(item: JsonObject) -> str:
    return _id_of(item.get("SpecialToken"))


def _sequence(item: JsonObject) -> str:
    return _id_of(item.get("Sequence"))


def _id_of(value: Any) -> str:  # Any: unchecked JSON.
    return value["id"] if isinstance(value, dict) and isinstance(value.get("id"), str) else ""


def _content(value: Any) -> str:  # Any: a token is its text, or an object with it.
    text = value.get("content") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""


def _templates(folder: Path, config: JsonObject) -> dict[str, Field]:
    given = config.get("chat_template")
    if given is None and (folder / "chat_template.jinja").exists():
        more = sorted((folder / "additional_chat_templates").glob("*.jinja"))[:_MOST_TEMPLATES]
        found = {"default": folder / "chat_template.jinja"} | {each.stem: each for each in more}
        given = [{"name": name, "template": _read_text(path)} for name, path in found.items()]
    elif given is None and (folder / "chat_template.json").exists():
        given = read_json(folder / "chat_template.json").get("chat_template")
    if isinstance(given, str):
        return {"tokenizer.chat_template": Field("string", given)}
    fields: dict[str, Field] = {}
    default: dict[str, Field] = {}
    names = []
    for each in _items(given):
        name, text = each.get("name"), each.get("template")
        if not isinstance(name, str) or not isinstance(text, str) or not name:
            continue
        if name == "default":
            default["tokenizer.chat_template"] = Field("string", text)
        else:
            names.append(re.sub("[^A-Za-z0-9]", "_", name))
            fields[f"tokenizer.chat_template.{names[-1]}"] = Field("string", text)
    if names:
        fields["tokenizer.chat_templates"] = Field("array", names, "string")
    return fields | default


def _read_text(path: Path) -> str:
    with SourceFile(path) as file:
        if file.size > _MAX_TEMPLATE:
            raise unreadable(path, "the chat template is too large.")
        try:
            return file.read(0, file.size).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise unreadable(path, "it is not valid UTF-8.") from error
