"""Which of GGUF's pre-tokenizers a tokenizer.json describes, told from what it says rather than from a hash.

llama.cpp's converter hashes the ids of a test text, which fails for every new vocabulary.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from octavo.engine.checkpoint.json_files import JsonObject
from octavo.engine.checkpoint.refusals import unsupported

_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_BY_SPLIT = {_QWEN2: "qwen2", _QWEN2.replace(r"|\p{N}| ", r"|\p{N}{1,3}| "): "llama-bpe"}


def name_pre_tokenizer(path: Path, tokenizer: JsonObject) -> str:
    """The value of ``tokenizer.ggml.pre``.

    Raises
    ------
    UnsupportedModel
        The text is cut, or changed beforehand, in a way that is not known.
    """
    normalizer = tokenizer.get("normalizer")
    if normalizer is not None and not _is(normalizer, "NFC"):
        raise unsupported(path, "its way of normalizing text is not supported yet.")
    stages = _stages(tokenizer.get("pre_tokenizer"))
    if stages and _is(stages[-1], "ByteLevel") and stages[-1].get("add_prefix_space") is not True:
        cuts_words = stages[-1].get("use_regex", True) is not False
        before = stages[:-1]
        if not before and cuts_words:
            return "gpt-2"
        if (
            len(before) == 1
            and cuts_words
            and _is(before[0], "Digits")
            and before[0].get("individual_digits")
        ):
            return "smollm"
        if len(before) == 1 and not cuts_words and _is(before[0], "Split"):
            pattern = before[0].get("pattern")
            name = _BY_SPLIT.get(str(pattern.get("Regex"))) if isinstance(pattern, dict) else None
            if name and before[0].get("behavior") == "Isolated" and before[0].get("invert") is not True:
                return name
    raise unsupported(path, "its way of cutting text into words is not supported yet.")


def _stages(value: Any) -> list[JsonObject]:  # Any: unchecked JSON.
    if _is(value, "Sequence"):
        inner = value.get("pretokenizers")
        return inner if isinstance(inner, list) and all(isinstance(each, dict) for each in inner) else []
    return [value] if isinstance(value, dict) else []


def _is(value: Any, kind: str) -> bool:  # Any: unchecked JSON.
    return isinstance(value, dict) and value.get("type") == kind
