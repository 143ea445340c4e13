"""Which of GGUF's pre-tokenizers a tokenizer.json describes, told from what it says rather than from a hash.

llama.cpp's converter hashes the ids of a test text, which fails for every new vocabulary. The names are
llama.cpp's (``src/llama-vocab.cpp``); where several stand for one way of cutting, the best known is taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from octavo.engine.checkpoint.json_files import JsonObject
from octavo.engine.checkpoint.refusals import unsupported

# What stands for a stage that is no Split: one digit at a time, GPT-2's own expression.
_DIGITS, _GPT2 = "Digits", "GPT-2"

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_BLANKS = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + _BLANKS
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
_QWEN35 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + _BLANKS
_LOWER_LAST = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
_UPPER_FIRST = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
_SIGNS = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|"
_GPT4O = f"{_LOWER_LAST}{_CONTRACTIONS}?|{_UPPER_FIRST}{_CONTRACTIONS}?" + r"|\p{N}{1,3}|" + _SIGNS + _BLANKS
_TEKKEN = f"{_LOWER_LAST}|{_UPPER_FIRST}" + r"|\p{N}|" + _SIGNS + _BLANKS
_DEEPSEEK3 = (
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\r\n]*|" + _BLANKS.replace(r"\r\n", "\r\n"),
)
# Stages, whether a piece that is a token is taken whole, whether text is composed first -> name.
_NAMES = {
    ((_GPT2,), False, False): "gpt-2",
    ((_GPT2,), False, True): "olmo",
    ((_DIGITS, _GPT2), False, False): "smollm",
    ((_LLAMA3,), True, False): "llama-bpe",
    ((_LLAMA3,), False, False): "dbrx",
    ((_QWEN2,), False, True): "qwen2",
    ((_QWEN2,), False, False): "deepseek-r1-qwen",
    ((_QWEN35,), False, True): "qwen35",
    ((_GPT4O,), False, False): "gpt-4o",
    ((_TEKKEN,), True, False): "tekken",
    (_DEEPSEEK3, False, False): "deepseek-v3",
}


def name_pre_tokenizer(path: Path, tokenizer: JsonObject) -> str:
    """The value of ``tokenizer.ggml.pre``.

    Raises
    ------
    UnsupportedModel
        The text is cut, or changed beforehand, in a way that is not known.
    """
    normalizers = _parts(tokenizer.get("normalizer"), "normalizers")
    if normalizers is None or not all(_is(each, "NFC") for each in normalizers):
        raise unsupported(path, "its way of normalizing text is not supported yet.")
    stages = _stages(_parts(tokenizer.get("pre_tokenizer"), "pretokenizers") or [])
    model = tokenizer.get("model")
    takes_whole = isinstance(model, dict) and model.get("ignore_merges") is True
    for composes in (bool(normalizers), False, True):
        # A name for another setting is better than none: the setting decides few texts, the stages all.
        for whole in (takes_whole, not takes_whole):
            name = _NAMES.get((stages, whole, composes))
            if name:
                return name
    raise unsupported(path, "its way of cutting text into words is not supported yet.")


def _stages(given: list[JsonObject]) -> tuple[str, ...]:
    """The stages in the words of `_NAMES`; empty where one of them is not known."""
    if not given or not _is(given[-1], "ByteLevel") or given[-1].get("add_prefix_space") is True:
        return ()
    stages = [_stage(each) for each in given[:-1]]
    if given[-1].get("use_regex", True) is not False:
        stages.append(_GPT2)
    return tuple(stages) if all(stages) else ()


def _stage(stage: JsonObject) -> str:
    if _is(stage, "Digits"):
        return _DIGITS if stage.get("individual_digits") is True else ""
    pattern = stage.get("pattern")
    if not _is(stage, "Split") or not isinstance(pattern, dict):
        return ""
    inverted = stage.get("invert") is True
    # Taking what matches away, inverted, keeps the matches: the same, for expressions that match everything.
    if (stage.get("behavior"), inverted) not in (("Isolated", False), ("Removed", True)):
        return ""
    expression = pattern.get("Regex")
    return expression if isinstance(expression, str) else ""


def _parts(value: Any, key: str) -> list[JsonObject] | None:  # Any: unchecked JSON.
    """A stage as a list of one, a sequence as its parts; None for what is neither."""
    if value is None:
        return []
    parts = value.get(key) if _is(value, "Sequence") else [value]
    return parts if isinstance(parts, list) and all(isinstance(each, dict) for each in parts) else None


def _is(value: Any, kind: str) -> bool:  # Any: unchecked JSON.
    return isinstance(value, dict) and value.get("type") == kind
