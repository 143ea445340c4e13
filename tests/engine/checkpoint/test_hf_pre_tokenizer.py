import copy
from pathlib import Path

import pytest

from octavo.engine.checkpoint.hf_pre_tokenizer import name_pre_tokenizer
from octavo.engine.errors import UnsupportedModel
from octavo.engine.tokenizer import pretokenizers

LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
GPT2 = LEVEL | {"use_regex": True}
DIGITS = {"type": "Digits", "individual_digits": True}
NFC = {"type": "NFC"}
# As the makers' files write them.
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN35 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK3 = (
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
)


def split(expression, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": expression}, "behavior": behavior, "invert": invert}


def tokenizer(*stages, whole=False, normalizer=None):
    one = stages[0] if len(stages) == 1 else {"type": "Sequence", "pretokenizers": list(stages)}
    return {"normalizer": normalizer, "pre_tokenizer": one, "model": {"type": "BPE", "ignore_merges": whole}}


KNOWN = {
    "gpt-2": tokenizer(GPT2),
    "olmo": tokenizer(GPT2, normalizer=NFC),
    "smollm": tokenizer(DIGITS, GPT2),
    "llama-bpe": tokenizer(split(LLAMA3), LEVEL, whole=True),
    "dbrx": tokenizer(split(LLAMA3), LEVEL),
    "qwen2": tokenizer(split(QWEN2), LEVEL, normalizer=NFC),
    "deepseek-r1-qwen": tokenizer(split(QWEN2), LEVEL),
    "qwen35": tokenizer(split(QWEN35), LEVEL, normalizer=NFC),
    "gpt-4o": tokenizer(split(GPT4O, "Removed", True), LEVEL),
    "tekken": tokenizer(split(TEKKEN), LEVEL, whole=True),
    "deepseek-v3": tokenizer(
        split(r"\p{N}{1,3}"),
        split("[一-龥぀-ゟ゠-ヿ]+"),
        split(DEEPSEEK3),
        LEVEL,
        normalizer={"type": "Sequence", "normalizers": []},
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_makers_tokenizer_is_known_by_what_it_says(name):
    assert name_pre_tokenizer(Path("tokenizer.json"), KNOWN[name]) == name


@pytest.mark.parametrize("name", KNOWN)
def test_the_name_stands_for_the_same_settings_when_the_file_is_read_back(name):
    rule = pretokenizers.splitting(name)

    assert rule.ignore_merges is KNOWN[name]["model"]["ignore_merges"]
    assert rule.composes is (KNOWN[name]["normalizer"] == NFC)


def test_a_setting_without_a_name_of_its_own_takes_the_nearest():
    composed_llama = tokenizer(split(LLAMA3), LEVEL, whole=True, normalizer=NFC)

    assert name_pre_tokenizer(Path("tokenizer.json"), composed_llama) == "llama-bpe"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update(normalizer={"type": "Lowercase"}), "normalizing"),
        (lambda t: t.update(normalizer=7), "normalizing"),
        (lambda t: t.update(pre_tokenizer=None), "cutting"),
        (lambda t: t.update(pre_tokenizer={"type": "Sequence", "pretokenizers": "all"}), "cutting"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"].pop(), "cutting"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][1].update(add_prefix_space=True), "cutting"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][0].update(behavior="Removed"), "cutting"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][0].update(pattern={"String": " "}), "cutting"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][0].update(pattern=None), "cutting"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"].insert(0, {"type": "Digits"}), "cutting"),
    ],
)
def test_what_is_not_known_is_refused_in_a_sentence(change, said):
    changed = copy.deepcopy(KNOWN["llama-bpe"])
    change(changed)

    with pytest.raises(UnsupportedModel, match=said):
        name_pre_tokenizer(Path("tokenizer.json"), changed)
