from __future__ import annotations

from pathlib import Path

import pytest

from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.vocabulary import check_vocabulary
from octavo.engine.errors import UnreadableModel

GOOD = {
    "tokenizer.ggml.model": Field("string", "llama"),
    "tokenizer.ggml.tokens": Field("array", ["<s>", "<0x0A>", ""], "string"),
    "tokenizer.ggml.scores": Field("array", [0.0, 0.0, -1.0], "float32"),
    "tokenizer.ggml.token_type": Field("array", [3, 6, 1], "int32"),
    "tokenizer.ggml.bos_token_id": Field("uint32", 0),
}


def test_a_vocabulary_that_fits_is_accepted():
    assert check_vocabulary(Path("m"), GOOD, 3) == "llama"


def test_a_model_may_have_no_vocabulary():
    assert check_vocabulary(Path("m"), {}, 3) == ""


BAD = {
    "more tokens than embeddings": (
        {"tokenizer.ggml.tokens": Field("array", ["a"] * 4, "string")},
        "it has 4 tokens, but embeddings for 3.",
    ),
    "tokens no texts": (
        {"tokenizer.ggml.tokens": Field("array", [1, 2, 3], "int32")},
        "its tokenizer.ggml.tokens is no list of texts.",
    ),
    "scores too short": (
        {"tokenizer.ggml.scores": Field("array", [0.0], "float32")},
        "it has 3 tokens, but 1 entries in tokenizer.ggml.scores.",
    ),
    "scores no numbers": (
        {"tokenizer.ggml.scores": Field("array", ["", "", ""], "string")},
        "its tokenizer.ggml.scores is no list of numbers of the right type.",
    ),
    "types too long": (
        {"tokenizer.ggml.token_type": Field("array", [1] * 4, "int32")},
        "it has 3 tokens, but 4 entries in tokenizer.ggml.token_type.",
    ),
    "types not known": (
        {"tokenizer.ggml.token_type": Field("array", [1, 1, 77], "int32")},
        "its tokenizer.ggml.token_type holds types that are not known.",
    ),
    "byte that is none": (
        {"tokenizer.ggml.token_type": Field("array", [6, 6, 1], "int32")},
        "the token '<s>' is called a byte, but is none.",
    ),
    "special id out of range": (
        {"tokenizer.ggml.eot_token_id": Field("uint32", 3)},
        "its tokenizer.ggml.eot_token_id is no integer from 0 to 2.",
    ),
    "special id negative": (
        {"tokenizer.ggml.padding_token_id": Field("int32", -1)},
        "its tokenizer.ggml.padding_token_id is no integer from 0 to 2.",
    ),
    "byte-level BPE without merges": (
        {"tokenizer.ggml.model": Field("string", "gpt2")},
        "it does not say tokenizer.ggml.merges.",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), BAD.values(), ids=BAD.keys())
def test_a_vocabulary_that_contradicts_itself_is_refused(changes, reason):
    with pytest.raises(UnreadableModel) as refusal:
        check_vocabulary(Path("m"), GOOD | changes, 3)
    assert refusal.value.message == f"m: {reason}"
