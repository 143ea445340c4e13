"""A tokenizer from GGUF metadata (``tokenizer.ggml.*``), as llama.cpp reads them."""

from __future__ import annotations

from octavo.engine.errors import UnreadableModel, UnsupportedModel
from octavo.engine.tokenizer import pretokenizers
from octavo.engine.tokenizer.added import AddedTokens
from octavo.engine.tokenizer.byte_level import ByteLevelEncoder
from octavo.engine.tokenizer.sentencepiece import SentencePieceEncoder
from octavo.engine.tokenizer.source import (
    TokenizerSource,
    flag_field,
    list_field,
    text_field,
    token_id_field,
)
from octavo.engine.tokenizer.stops import mark_control_texts, stop_ids
from octavo.engine.tokenizer.tokenizer import Specials, Tokenizer
from octavo.engine.tokenizer.vocabulary import (
    BYTE,
    CONTROL,
    NORMAL,
    UNKNOWN,
    USER_DEFINED,
    Vocabulary,
    byte_value,
)

_MATCHED = (NORMAL, USER_DEFINED)


def tokenizer_from_fields(source: TokenizerSource) -> Tokenizer:
    """Build the tokenizer that a GGUF file describes."""
    model = text_field(source, "tokenizer.ggml.model")
    if not model:
        raise UnreadableModel("The model has no tokenizer.", "Use the file that its maker published.")
    if model == "gpt2":
        return _byte_level(source)
    if model == "llama":
        return _sentencepiece(source)
    raise UnsupportedModel(f"Octavo does not know tokenizers of the kind {model[:40]!a} yet.")


def _byte_level(source: TokenizerSource) -> Tokenizer:
    problems = []
    name = text_field(source, "tokenizer.ggml.pre")
    if not name:
        problems.append(
            "The file does not say how to cut text into pieces; answers may be worse than they could be."
        )
    splitting = pretokenizers.splitting(name or "default")
    vocabulary = _vocabulary(source, is_byte_level=True)
    merges = [_pair(merge) for merge in list_field(source, "tokenizer.ggml.merges", str)]
    if not merges:
        raise UnreadableModel(
            "The model's tokenizer has no merges.", "Use the file that its maker published."
        )
    encoder = ByteLevelEncoder(_matching(vocabulary), merges, splitting)
    specials = _specials(source, vocabulary, adds_bos=splitting.adds_bos)
    return _tokenizer(source, vocabulary, encoder, specials, problems=problems)


def _sentencepiece(source: TokenizerSource) -> Tokenizer:
    vocabulary = _vocabulary(source, is_byte_level=False)
    scores = list_field(source, "tokenizer.ggml.scores", float, int)
    if len(scores) != len(vocabulary):
        raise UnreadableModel(
            f"The model's vocabulary is damaged: {len(scores)} scores for {len(vocabulary)} tokens."
        )
    byte_ids: list[int | None] = [None] * 256
    for token in vocabulary.ids_of(BYTE):
        byte_ids[byte_value(vocabulary.texts[token])] = token
    adds_blank = flag_field(source, "tokenizer.ggml.add_space_prefix", True)
    encoder = SentencePieceEncoder(
        _matching(vocabulary),
        scores,
        byte_ids,
        token_id_field(source, "unknown", len(vocabulary)),
        adds_blank=adds_blank,
    )
    specials = _specials(source, vocabulary, adds_bos=True)
    return _tokenizer(source, vocabulary, encoder, specials, drops_first_blank=adds_blank)


def _vocabulary(source: TokenizerSource, *, is_byte_level: bool) -> Vocabulary:
    texts = list_field(source, "tokenizer.ggml.tokens", str)
    kinds = list_field(source, "tokenizer.ggml.token_type", int)
    if not texts:
        raise UnreadableModel("The model's vocabulary is empty.", "Use the file that its maker published.")
    if kinds and len(kinds) != len(texts):
        raise UnreadableModel(
            f"The model's vocabulary is damaged: {len(kinds)} token types for {len(texts)} tokens."
        )
    kinds = list(kinds) or [NORMAL] * len(texts)
    mark_control_texts(texts, kinds)
    return Vocabulary(texts, kinds, is_byte_level)


def _matching(vocabulary: Vocabulary) -> dict[str, int]:
    """The tokens that merging may reach; a control token never is."""
    return {
        text: token
        for token, text in enumerate(vocabulary.texts)
        if text and vocabulary.kinds[token] in _MATCHED
    }


def _specials(source: TokenizerSource, vocabulary: Vocabulary, *, adds_bos: bool) -> Specials:
    ids = {name: token_id_field(source, name, len(vocabulary)) for name in ("bos", "eos", "eot", "eom")}
    return Specials(
        bos_id=ids["bos"],
        eos_id=ids["eos"],
        adds_bos=flag_field(source, "tokenizer.ggml.add_bos_token", adds_bos),
        stop_ids=stop_ids(vocabulary, (ids["eos"], ids["eot"], ids["eom"])),
    )


def _tokenizer(
    source: TokenizerSource,
    vocabulary: Vocabulary,
    encoder: ByteLevelEncoder | SentencePieceEncoder,
    specials: Specials,
    *,
    drops_first_blank: bool = False,
    problems: list[str] | None = None,
) -> Tokenizer:
    user_defined = [(vocabulary.texts[token], token) for token in vocabulary.ids_of(USER_DEFINED)]
    control = [(vocabulary.texts[token], token) for token in vocabulary.ids_of(CONTROL, UNKNOWN)]
    strips_right = _strips_right(source, user_defined, control)
    return Tokenizer(
        vocabulary,
        encoder,
        specials,
        always=AddedTokens(user_defined, strips_right=strips_right),
        if_special=AddedTokens(user_defined + control, strips_right=strips_right),
        drops_first_blank=drops_first_blank,
        problems=problems or (),
    )


def _strips_right(
    source: TokenizerSource, user_defined: list[tuple[str, int]], control: list[tuple[str, int]]
) -> frozenset[int]:
    """Phi-3's markers swallow the white space after them; GGUF has no field for it, so the name tells.

    llama.cpp decides the same way (``src/llama-vocab.cpp``, "Handle per token attributes").
    """
    name = text_field(source, "general.name").lower()
    if "phi-3" not in name and "phi3" not in name:
        return frozenset()
    markers = {token for text, token in control if text not in ("<unk>", "<s>", "<|endoftext|>")}
    return frozenset(markers | {token for text, token in user_defined if text == "</s>"})


def _pair(merge: str) -> tuple[str, str]:
    left, _, right = merge[1:].partition(" ")
    return merge[:1] + left, right
