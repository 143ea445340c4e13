"""How models cut text into pieces before byte-level BPE, by the name in ``tokenizer.ggml.pre``.

The expressions are those of the models' own ``tokenizer.json``; the names are llama.cpp's
(``src/llama-vocab.cpp``). A piece never reaches over the end of a match, so they decide the ids.
"""

from __future__ import annotations

from dataclasses import dataclass

from octavo.engine.errors import UnsupportedModel

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_PUNCTUATION = r" ?[^\s\p{L}\p{N}]+[\r\n]*"
_BLANKS = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LLAMA3 = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{_PUNCTUATION}|{_BLANKS}"
_QWEN2 = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{_PUNCTUATION}|{_BLANKS}"
_QWEN35 = (
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}"
    rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{_BLANKS}"
)
# Words with capitals first, words all in capitals: the o200k family.
_CAPITALISED = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
_CAPITALS = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
_PUNCTUATION_SLASH = r" ?[^\s\p{L}\p{N}]+[\r\n/]*"
_GPT4O = (
    rf"{_CAPITALISED}{_CONTRACTIONS}?|{_CAPITALS}{_CONTRACTIONS}?"
    rf"|\p{{N}}{{1,3}}|{_PUNCTUATION_SLASH}|{_BLANKS}"
)
_TEKKEN = rf"{_CAPITALISED}|{_CAPITALS}|\p{{N}}|{_PUNCTUATION_SLASH}|{_BLANKS}"
_DEEPSEEK3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"""
    r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
    rf"|{_BLANKS}"
)
# The letters of Latin, Greek, Cyrillic and their kin, as its maker lists them.
_DEEPSEEK_LETTERS = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫ"
    "ᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-"
    "ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-"
    "𞥃"
)
_BAILING = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)
_SEED_CODER = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|{_BLANKS}"


@dataclass(frozen=True)
class Splitting:
    """How a model cuts text.

    Parameters
    ----------
    patterns : tuple of str
        Each cuts the pieces of the one before.
    ignore_merges : bool
        A piece that is itself a token is taken whole, whatever the merges say.
    adds_bos : bool
        Whether a text starts with BOS unless the metadata say otherwise.
    composes : bool
        The maker's tokenizer brings text to Unicode's composed form (NFC) first.
    """

    patterns: tuple[str, ...]
    ignore_merges: bool = False
    adds_bos: bool = False
    composes: bool = False


_LLAMA_BPE = Splitting((_LLAMA3,), ignore_merges=True, adds_bos=True)
_LIKE_LLAMA3 = Splitting((_LLAMA3,))
_GLM = Splitting((_LLAMA3,), ignore_merges=True)
_PLAIN_GPT2 = Splitting((_GPT2,))
_SINGLE_DIGITS = Splitting((r"\p{N}", _GPT2))
_PLAIN_QWEN2 = Splitting((_QWEN2,))
_O200K = Splitting((_GPT4O,))
_LIKE_DEEPSEEK3 = Splitting((r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+", _DEEPSEEK3))

DEFAULT = Splitting((r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"))
"""What llama.cpp does when a file names no rule."""

_SPLITTINGS = {
    "default": DEFAULT,
    **dict.fromkeys(
        ("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2", "midm-2.0"), _LLAMA_BPE
    ),
    **dict.fromkeys(("dbrx", "smaug-bpe", "chatglm-bpe"), _LIKE_LLAMA3),
    **dict.fromkeys(("glm4", "glm5"), _GLM),
    "minicpm5": Splitting((r"\p{N}{1,3}", _LLAMA3.replace("{1,3}", "+")), ignore_merges=True),
    **dict.fromkeys(
        ("gpt-2", "phi-2", "jais", "trillion", "exaone4", "gigachat", "granite-docling", "a.x-4.0"),
        _PLAIN_GPT2,
    ),
    # Both come from GPT-NeoX, which composes.
    **dict.fromkeys(("mpt", "olmo"), Splitting((_GPT2,), composes=True)),
    **dict.fromkeys(
        ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"),
        _SINGLE_DIGITS,
    ),
    "qwen2": Splitting((_QWEN2,), composes=True),
    "qwen35": Splitting((_QWEN35,), composes=True),
    **dict.fromkeys(
        ("deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "grok-2", "kormo", "solar-open"), _PLAIN_QWEN2
    ),
    **dict.fromkeys(("gpt-4o", "llama4", "kanana2", "minimax-m2"), _O200K),
    "tekken": Splitting((_TEKKEN,), ignore_merges=True, adds_bos=True),
    **dict.fromkeys(("deepseek-v3", "hunyuan-dense", "joyai-llm"), _LIKE_DEEPSEEK3),
    "deepseek-llm": Splitting(
        (
            r"[\r\n]",
            rf"\s?[{_DEEPSEEK_LETTERS}]+",
            r"\s?[!-/:-~！-／：-～‘-‟　-。]+",
            r"\s+$",
            "[一-龥ࠀ-一가-\ud7ff]+",
            r"\p{N}+",
        )
    ),
    "deepseek-coder": Splitting((r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-\ud7ff]+", r"\p{N}")),
    "falcon": Splitting((r"[\p{P}\$\+<=>\^~\|`]+", _GPT2, r"[0-9][0-9][0-9]")),
    "seed-coder": Splitting((_SEED_CODER,)),
    **dict.fromkeys(("bailingmoe", "bailingmoe2", "llada-moe"), Splitting((_BAILING,))),
}


def splitting(name: str) -> Splitting:
    """The rule of that name; raises ``UnsupportedModel`` if it is not known."""
    found = _SPLITTINGS.get(name)
    if found is None:
        raise UnsupportedModel(
            f"This model cuts text into pieces by a rule that Octavo does not know: {name[:40]!a}.",
            "It can be converted, but not used for chat.",
        )
    return found
