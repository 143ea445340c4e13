"""A tokenizer from a Hugging Face folder: its ``tokenizer.json``, read by the ``tokenizers`` library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo.engine.errors import UnreadableModel, UnsupportedModel
from octavo.engine.tokenizer.added import AddedTokens
from octavo.engine.tokenizer.gguf_tokenizer import tokenizer_from_fields
from octavo.engine.tokenizer.guard import library_errors
from octavo.engine.tokenizer.outside import read_file, read_json
from octavo.engine.tokenizer.source import TokenizerSource, flag_field, list_field, token_id_field
from octavo.engine.tokenizer.stops import UNMISTAKABLE, stop_ids
from octavo.engine.tokenizer.tokenizer import Specials, Tokenizer
from octavo.engine.tokenizer.vocabulary import BYTE, CONTROL, NORMAL, UNUSED, USER_DEFINED, Vocabulary

if TYPE_CHECKING:
    from tokenizers import AddedToken
    from tokenizers import Tokenizer as Library

_MAX_TOKENIZER_BYTES = 64 * 1024 * 1024
_MAX_JSON_BYTES = 4 * 1024 * 1024
_MAX_TOKENS = 4 * 1024 * 1024
_SENTENCEPIECE_DECODERS = {"Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"}


def tokenizer_from_folder(source: TokenizerSource) -> Tokenizer:
    """Build the tokenizer of a folder; without a ``tokenizer.json``, from the checkpoint's metadata."""
    path = source.path / "tokenizer.json"
    if not path.exists():
        return tokenizer_from_fields(source)
    library = _read(path)
    decoders = list(_steps(_state(library.decoder)))
    vocabulary = _vocabulary(library, decoders, len(list_field(source, "tokenizer.ggml.tokens", str)))
    control = {token: added for token, added in library.get_added_tokens_decoder().items() if added.special}
    return Tokenizer(
        vocabulary,
        LibraryEncoder(library),
        _specials(source, library, vocabulary),
        always=AddedTokens([]),
        if_special=AddedTokens(
            ((added.content, token) for token, added in control.items()),
            strips_right={token for token, added in control.items() if added.rstrip},
            strips_left={token for token, added in control.items() if added.lstrip},
        ),
        drops_first_blank=any(_strips_blank(step) for step in decoders),
    )


class LibraryEncoder:
    """Plain text through the library, which finds user-defined tokens, but never control tokens."""

    def __init__(self, library: Library) -> None:
        self._library = library
        scheme = getattr(library.pre_tokenizer, "prepend_scheme", "")
        self._blank_only_at_start = scheme == "first"

    def encode(self, text: str, at_start: bool) -> list[int]:
        """The ids of one stretch of text."""
        with library_errors("The tokenizer could not read this text."):
            if self._blank_only_at_start:
                self._library.pre_tokenizer.prepend_scheme = "first" if at_start else "never"
            return self._library.encode(text, add_special_tokens=False).ids


def _read(path: Path) -> Library:
    from tokenizers import Tokenizer as Library

    data = read_file(path, _MAX_TOKENIZER_BYTES).removeprefix(b"\xef\xbb\xbf")
    with library_errors(f"The tokenizer of this folder is damaged: {path.name} cannot be read."):
        library: Library = Library.from_buffer(data)
        library.no_truncation()
        library.no_padding()
        library.add_special_tokens([_as_special(each) for each in _forgotten(library)])
        # The library's word for "do not look for control tokens in text".
        library.encode_special_tokens = True
    return library


def _forgotten(library: Library) -> Iterator[AddedToken]:
    """Tokens that unmistakably end a turn, but are not marked as special."""
    for added in library.get_added_tokens_decoder().values():
        if not added.special and added.content in UNMISTAKABLE:
            yield added


def _as_special(added: AddedToken) -> AddedToken:
    from tokenizers import AddedToken

    return AddedToken(added.content, lstrip=added.lstrip, rstrip=added.rstrip, normalized=False, special=True)


def _vocabulary(library: Library, decoders: list[dict[str, Any]], n_rows: int) -> Vocabulary:
    names = {str(step.get("type")) for step in decoders}
    is_byte_level = "ByteLevel" in names
    if not is_byte_level and not (names and names <= _SENTENCEPIECE_DECODERS):
        raise UnsupportedModel("Octavo does not know this folder's kind of tokenizer yet.")
    ids = library.get_vocab(with_added_tokens=True)
    n_tokens = max(max(ids.values(), default=-1) + 1, n_rows)
    if not 0 < n_tokens <= _MAX_TOKENS:
        raise UnreadableModel("The tokenizer of this folder is damaged: it has no sound list of tokens.")
    texts = [""] * n_tokens
    kinds = [UNUSED] * n_tokens
    for text, token in ids.items():
        texts[token] = text
        kinds[token] = NORMAL
    if "ByteFallback" in names:
        for byte in range(256):
            found = ids.get(f"<0x{byte:02X}>")
            if found is not None:
                kinds[found] = BYTE
    for token, added in library.get_added_tokens_decoder().items():
        kinds[token] = CONTROL if added.special else USER_DEFINED
    return Vocabulary(texts, kinds, is_byte_level)


def _specials(source: TokenizerSource, library: Library, vocabulary: Vocabulary) -> Specials:
    ids = {name: token_id_field(source, name, len(vocabulary)) for name in ("bos", "eos", "eot", "eom")}
    with library_errors("The tokenizer of this folder is damaged."):
        frame = library.encode("", add_special_tokens=True).ids
    generation = source.path / "generation_config.json"
    ends = read_json(generation, _MAX_JSON_BYTES).get("eos_token_id") if generation.exists() else None
    listed = ends if isinstance(ends, list) else [ends]
    named = [each for each in listed if isinstance(each, int) and 0 <= each < len(vocabulary)]
    return Specials(
        bos_id=ids["bos"],
        eos_id=ids["eos"],
        adds_bos=flag_field(source, "tokenizer.ggml.add_bos_token", ids["bos"] in frame[:1]),
        stop_ids=stop_ids(vocabulary, [ids["eos"], ids["eot"], ids["eom"], *named]),
    )


def _state(part: Any) -> dict[str, Any]:  # a decoder of the library, or None; its JSON form is a dict
    return json.loads(part.__getstate__()) if part is not None else {}


def _steps(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The single decoders of a decoder, sequences unfolded."""
    if state.get("type") == "Sequence":
        for each in state.get("decoders", []):
            yield from _steps(each)
    elif state:
        yield state


def _strips_blank(step: dict[str, Any]) -> bool:
    if step.get("type") == "Metaspace":
        return step.get("prepend_scheme") != "never"
    return step.get("type") == "Strip" and step.get("content") == " " and bool(step.get("start"))
