"""The tokenizer of a checkpoint, from its metadata or its folder's ``tokenizer.json``."""

from __future__ import annotations

from octavo.engine.tokenizer.folder_tokenizer import tokenizer_from_folder
from octavo.engine.tokenizer.gguf_tokenizer import tokenizer_from_fields
from octavo.engine.tokenizer.source import TokenizerSource
from octavo.engine.tokenizer.tokenizer import Tokenizer


def load_tokenizer(checkpoint: TokenizerSource) -> Tokenizer:
    """Build the tokenizer of an open checkpoint.

    Raises ``UnsupportedModel`` for a kind that Octavo does not know, ``UnreadableModel`` for a damaged one.
    """
    if checkpoint.container == "safetensors":
        return tokenizer_from_folder(checkpoint)
    return tokenizer_from_fields(checkpoint)
