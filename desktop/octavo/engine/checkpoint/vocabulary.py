"""Whether the vocabulary in the metadata fits together, and fits the embedding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from octavo.engine.checkpoint.field_values import FLOATS, INTEGERS, FieldValues
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import shown

_BYTE = 6
_BYTE_TEXT = re.compile("<0x[0-9A-F]{2}>")
_FLAGS = ("add_bos_token", "add_eos_token", "add_sep_token", "add_space_prefix")


def check_vocabulary(path: Path, fields: Mapping[str, Field], n_rows: int) -> str:
    """Refuse a vocabulary that contradicts itself; return its model's name, empty if there is none.

    Parameters
    ----------
    n_rows : int
        Rows of the embedding, which must be the number of tokens.
    """
    values = FieldValues(path, fields)
    model = values.text("tokenizer.ggml.model", "no_vocab")
    if model in ("no_vocab", "none"):
        return ""
    tokens = values.texts("tokenizer.ggml.tokens")
    if len(tokens) != n_rows:
        raise values.refuse(f"it has {len(tokens)} tokens, but embeddings for {n_rows}.")
    for key, kinds in (("scores", FLOATS), ("token_type", INTEGERS)):
        if values.has(f"tokenizer.ggml.{key}"):
            count = len(values.numbers(f"tokenizer.ggml.{key}", kinds))
            if count != n_rows:
                raise values.refuse(f"it has {n_rows} tokens, but {count} entries in tokenizer.ggml.{key}.")
    if values.has("tokenizer.ggml.token_type"):
        _check_types(values, tokens, values.numbers("tokenizer.ggml.token_type", INTEGERS))
    for key in fields:
        if key.startswith("tokenizer.ggml.") and key.endswith("_token_id"):
            values.integer(key, 0, n_rows - 1)
    for flag in _FLAGS:
        key = f"tokenizer.ggml.{flag}"
        if key in fields and fields[key].kind != "bool":
            raise values.refuse(f"its {key} is neither true nor false.")
    values.text("tokenizer.ggml.pre", "")
    values.text("tokenizer.chat_template", "")
    if model == "gpt2":
        values.texts("tokenizer.ggml.merges")
    return model


def _check_types(values: FieldValues, tokens: list[str], types: list[float]) -> None:
    if not set(types) <= set(range(7)):
        raise values.refuse("its tokenizer.ggml.token_type holds types that are not known.")
    for token, kind in zip(tokens, types, strict=True):
        if kind == _BYTE and not _BYTE_TEXT.fullmatch(token):
            raise values.refuse(f"the token '{shown(token)}' is called a byte, but is none.")
