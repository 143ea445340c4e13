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
    "more tokens than embeddings": {"tokenizer.ggml.tokens": Field("array", ["a"] * 4, "string")},
    "tokens no texts": {"tokenizer.ggml.tokens": Field("array", [1, 2, 3], "int32")},
    "scores too short": {"tokenizer.ggml.scores": Field("array", [0.0], "float32")},
    "scores no numbers": {"tokenizer.ggml.scores": Field("array", ["", "", ""], "string")},
    "types too long": {"tokenizer.ggml.token_type": Field("array", [1] * 4, "int32")},
    "types not known": {"tokenizer.ggml.token_type": Field("array", [1, 1, 77], "int32")},
    "byte that is none": {"tokenizer.ggml.token_type": Field("array", [6, 6, 1], "int32")},
    "special id out of range": {"tokenizer.ggml.eot_token_id": Field("uint32", 3)},
    "special id negative": {"tokenizer.ggml.padding_token_id": Field("int32", -1)},
    "byte-level BPE without merges": {"tokenizer.ggml.model": Field("string", "gpt2")},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_a_vocabulary_that_contradicts_itself_is_refused(changes):
    with pytest.raises(UnreadableModel):
        check_vocabulary(Path("m"), GOOD | changes, 3)
