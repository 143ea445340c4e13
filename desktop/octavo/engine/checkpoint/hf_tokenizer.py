"""A Hugging Face folder's tokenizer under GGUF keys.

Byte-level BPE becomes ``gpt2``, SentencePiece becomes ``llama``, as in llama.cpp's ``convert_hf_to_gguf``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.engine.checkpoint.families.family import Family, count
from octavo.engine.checkpoint.hf_pre_tokenizer import name_pre_tokenizer
from octavo.engine.checkpoint.hf_special_tokens import special_fields
from octavo.engine.checkpoint.json_files import LARGE, JsonObject, read_json, read_json_if_there
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported
from octavo.engine.checkpoint.sentencepiece_model import read_pieces

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
_SPACE = "\u2581"
_ADDED_SCORE = -1000.0
_PADDING_SCORE = -10000.0


@dataclass
class Vocabulary:
    """Tokens by id while they are gathered; ids that nothing names are padding."""

    tokens: list[str]
    scores: list[float]
    types: list[int]

    @classmethod
    def empty(cls, n_tokens: int) -> Vocabulary:
        """A vocabulary of padding."""
        return cls([f"[PAD{n}]" for n in range(n_tokens)], [_PADDING_SCORE] * n_tokens, [UNUSED] * n_tokens)

    def put(self, number: int, text: str, kind: int, score: float) -> None:
        """Set one token."""
        self.tokens[number], self.types[number], self.scores[number] = text, kind, score


@dataclass(frozen=True)
class TokenizerFiles:
    """The parsed files of a folder that tell of its tokenizer; empty where a file is missing."""

    folder: Path
    tokenizer: JsonObject
    config: JsonObject
    added: JsonObject

    @classmethod
    def read(cls, folder: Path) -> TokenizerFiles:
        """Read them."""
        tokenizer = folder / "tokenizer.json"
        return cls(
            folder,
            read_json(tokenizer, LARGE) if tokenizer.exists() else {},
            read_json_if_there(folder / "tokenizer_config.json"),
            read_json_if_there(folder / "added_tokens.json"),
        )


def tokenizer_fields(folder: Path, family: Family, model: JsonObject, n_tokens: int) -> dict[str, Field]:
    """All ``tokenizer.`` fields; none if the folder has no tokenizer.

    Parameters
    ----------
    family : Family
    model : dict
        config.json.
    n_tokens : int
        Rows of the embedding.
    """
    files = TokenizerFiles.read(folder)
    bpe = files.tokenizer.get("model")
    prefix = files.config.get("add_prefix_space")
    fields: dict[str, Field] = {}
    if family.keeps_prefix_flag and isinstance(prefix, bool):
        fields["tokenizer.ggml.add_space_prefix"] = Field("bool", prefix)
    if (folder / "tokenizer.model").exists():
        fields |= _sentencepiece(_from_model(files, n_tokens))
        fields |= _special_fields(files, model, fields)
        fields |= {f"tokenizer.ggml.{name}_token_id": count(n) for name, n in family.tokens.items()}
        adds_space = family.norm_shift == 0  # Only the Gemmas begin words without one.
    elif isinstance(bpe, dict) and bpe.get("byte_fallback") is True:
        fields |= _sentencepiece(_from_merges(files, bpe, n_tokens))
        fields |= _special_fields(files, model, fields)
        adds_space = "prepend" in str(files.tokenizer.get("normalizer")).lower() or (
            "Metaspace" in str(files.tokenizer.get("pre_tokenizer"))
        )
    elif isinstance(bpe, dict):
        fields |= _byte_level(files, bpe, n_tokens)
        fields |= _special_fields(files, model, fields)
        # Granite's and SmolLM's vocabulary begins no text.
        if family.keeps_prefix_flag and n_tokens == 49152:
            fields["tokenizer.ggml.add_bos_token"] = Field("bool", False)
        return fields
    else:
        return {}
    if not adds_space:
        fields["tokenizer.ggml.add_space_prefix"] = Field("bool", False)
    return fields


def _special_fields(files: TokenizerFiles, model: JsonObject, fields: dict[str, Field]) -> dict[str, Field]:
    tokens = fields["tokenizer.ggml.tokens"].value
    assert isinstance(tokens, list)  # as it was made
    return special_fields(files.folder, files.tokenizer, files.config, model, tokens)


def looks_special(text: str) -> bool:
    """Whether an added token is meant as a control token although it is not called special."""
    brackets = (("<|", "|>"), ("<\uff5c", "\uff5c>"), ("<unused", ">"))
    is_bracketed = any(text.startswith(left) and text.endswith(right) for left, right in brackets)
    return is_bracketed or text in ("<pad>", "<mask>", "<2mass>", "[@BOS@]")


def _byte_level(files: TokenizerFiles, bpe: JsonObject, n_tokens: int) -> dict[str, Field]:
    vocabulary = Vocabulary.empty(n_tokens)
    for text, number in _tokens(files, bpe, n_tokens):
        vocabulary.put(number, text, NORMAL, 0.0)
    _put_added(files, vocabulary, 0.0)
    path = files.folder / "tokenizer.json"
    return {
        "tokenizer.ggml.model": Field("string", "gpt2"),
        "tokenizer.ggml.pre": Field("string", name_pre_tokenizer(path, files.tokenizer)),
        "tokenizer.ggml.tokens": Field("array", vocabulary.tokens, "string"),
        "tokenizer.ggml.token_type": Field("array", vocabulary.types, "int32"),
        "tokenizer.ggml.merges": Field("array", [" ".join(pair) for pair in _merges(files, bpe)], "string"),
    }


def _sentencepiece(vocabulary: Vocabulary) -> dict[str, Field]:
    return {
        "tokenizer.ggml.model": Field("string", "llama"),
        "tokenizer.ggml.pre": Field("string", "default"),
        "tokenizer.ggml.tokens": Field("array", vocabulary.tokens, "string"),
        "tokenizer.ggml.scores": Field("array", vocabulary.scores, "float32"),
        "tokenizer.ggml.token_type": Field("array", vocabulary.types, "int32"),
    }


def _from_model(files: TokenizerFiles, n_tokens: int) -> Vocabulary:
    vocabulary = Vocabulary.empty(n_tokens)
    for number, piece in enumerate(read_pieces(files.folder / "tokenizer.model")[:n_tokens]):
        # llama.cpp's converter knows user-defined tokens from tokenizer_config.json alone.
        vocabulary.put(number, piece.text, NORMAL if piece.kind == USER_DEFINED else piece.kind, piece.score)
    for text, number in files.added.items():
        if type(number) is int and 0 <= number < n_tokens:
            vocabulary.put(number, text, USER_DEFINED, _ADDED_SCORE)
    for number, text, is_special in _decoder_tokens(files):
        if number < n_tokens:
            _put_one(vocabulary, number, text, is_special, _ADDED_SCORE)
    # Transformers 5 writes tokens that were added into tokenizer.json alone.
    for number, text, is_special in _added_tokens(files):
        if number < n_tokens and vocabulary.scores[number] == _PADDING_SCORE:
            _put_one(vocabulary, number, text, is_special, _ADDED_SCORE)
    return vocabulary


def _from_merges(files: TokenizerFiles, bpe: JsonObject, n_tokens: int) -> Vocabulary:
    """SentencePiece from tokenizer.json: the order of merges gives the scores that it has lost."""
    ranks: dict[str, int] = {}
    for rank, (left, right) in enumerate(_merges(files, bpe)):
        ranks.setdefault(left + right, rank)
    vocabulary = Vocabulary.empty(n_tokens)
    unknown = bpe.get("unk_token")
    for text, number in _tokens(files, bpe, n_tokens):
        is_byte = len(text) == 6 and text.startswith("<0x") and text.endswith(">")
        kind = BYTE if is_byte else UNKNOWN if text == unknown else NORMAL
        vocabulary.put(number, text, kind, -float(ranks.get(text, len(ranks))) if kind == NORMAL else 0.0)
    _put_added(files, vocabulary, _ADDED_SCORE)
    return vocabulary


def _tokens(files: TokenizerFiles, bpe: JsonObject, n_tokens: int) -> list[tuple[str, int]]:
    path = files.folder / "tokenizer.json"
    content = bpe.get("vocab")
    if bpe.get("type") != "BPE" or not isinstance(content, dict):
        raise unsupported(
            path, f"tokenizers of the kind '{shown(str(bpe.get('type')), 20)}' are not supported yet."
        )
    numbers = list(content.values())
    if not all(type(number) is int and 0 <= number < n_tokens for number in numbers):
        raise unreadable(path, f"it numbers tokens beyond the {n_tokens} of the model.")
    if len(set(numbers)) != len(numbers):
        raise unreadable(path, "two of its tokens have the same number.")
    return list(content.items())


def _put_added(files: TokenizerFiles, vocabulary: Vocabulary, score: float) -> None:
    for number, text, is_special in [*_decoder_tokens(files), *_added_tokens(files)]:
        if number >= len(vocabulary.tokens):
            raise unreadable(
                files.folder / "tokenizer.json",
                f"it numbers tokens beyond the {len(vocabulary.tokens)} of the model.",
            )
        _put_one(vocabulary, number, text, is_special, score)


def _put_one(vocabulary: Vocabulary, number: int, text: str, is_special: bool, score: float) -> None:
    if vocabulary.types[number] == UNKNOWN and vocabulary.tokens[number] == text and score == 0.0:
        return
    if is_special or looks_special(text):
        vocabulary.put(number, text, CONTROL, score)
    else:
        vocabulary.put(number, text.replace(_SPACE, " "), USER_DEFINED, score)


def _added_tokens(files: TokenizerFiles) -> list[tuple[int, str, bool]]:
    added = files.tokenizer.get("added_tokens")
    given = added if isinstance(added, list) else []
    return [_added(files, each.get("id"), each) for each in given if isinstance(each, dict)]


def _decoder_tokens(files: TokenizerFiles) -> list[tuple[int, str, bool]]:
    decoder = files.config.get("added_tokens_decoder", {})
    if not isinstance(decoder, dict):
        return []
    return [
        _added(files, int(number) if number.isdecimal() and len(number) < 10 else None, each)
        for number, each in decoder.items()
        if isinstance(each, dict)
    ]


def _added(
    files: TokenizerFiles, number: Any, token: JsonObject
) -> tuple[int, str, bool]:  # Any: unchecked JSON.
    text = token.get("content")
    if type(number) is not int or number < 0 or not isinstance(text, str):
        raise unreadable(files.folder, "its tokenizer's list of added tokens is malformed.")
    return number, text, token.get("special") is True


def _merges(files: TokenizerFiles, bpe: JsonObject) -> list[tuple[str, str]]:
    """Pairs to merge, in order; tokenizer.json writes them as lists or, before 2024, as "left right"."""
    result = []
    given = bpe.get("merges")
    for each in given if isinstance(given, list) else []:
        pair = each.split(" ") if isinstance(each, str) else each
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise unreadable(files.folder / "tokenizer.json", "its list of merges is malformed.")
        left, right = pair
        # GGUF parts the two with a space, so one inside them is written as byte-level BPE writes it.
        result.append((left.replace(" ", "\u0120"), right.replace(" ", "\u0120")))
    return result
