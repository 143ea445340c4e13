"""Tiny vocabularies, built in code: one in bytes, one in SentencePiece's manner."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from octavo.engine.tokenizer import byte_level
from octavo.engine.tokenizer.vocabulary import BLANK, BYTE, CONTROL, NORMAL, UNKNOWN, USER_DEFINED

ALPHABET = sorted(byte_level.BYTE_OF, key=byte_level.BYTE_OF.__getitem__)
MERGES = ["h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "Ġwor l", "Ġworl d", "1 2", "Ġ Ġ", "< |"]
SPECIALS = ["<|im_start|>", "<|im_end|>", "<think>"]


@dataclass
class Value:
    value: Any


@dataclass
class FakeCheckpoint:
    """As much of a checkpoint as tokenizers read."""

    fields: dict[str, Value] = field(default_factory=dict)
    container: str = "gguf"
    path: Path = Path("tiny.gguf")

    def put(self, **values: Any) -> "FakeCheckpoint":
        for name, value in values.items():
            key = name if name.startswith("general") else f"tokenizer.ggml.{name}"
            self.fields[key.replace("__", ".")] = Value(value)
        return self


def bpe_tokens() -> list[str]:
    return [*ALPHABET, *(merge.replace(" ", "") for merge in MERGES)]


@pytest.fixture
def bpe_checkpoint():
    """GPT-2 like: 256 bytes, some merges, two control tokens, one user-defined one."""
    tokens = [*bpe_tokens(), *SPECIALS]
    kinds = [NORMAL] * len(bpe_tokens()) + [CONTROL, CONTROL, USER_DEFINED]
    return FakeCheckpoint().put(
        model="gpt2",
        pre="gpt-2",
        tokens=tokens,
        token_type=kinds,
        merges=list(MERGES),
        bos_token_id=tokens.index("<|im_start|>"),
        eos_token_id=tokens.index("<|im_end|>"),
    )


@pytest.fixture
def spm_checkpoint():
    """Llama-2 like: scores, byte tokens, and a user-defined run of blanks."""
    words = [
        BLANK,
        "h",
        "e",
        "l",
        "o",
        "he",
        "ll",
        "hell",
        "hello",
        BLANK + "hello",
        BLANK + "h",
        "a",
        "b",
        "ab",
        "ba",
    ]
    tokens = ["<unk>", "<s>", "</s>", "  ", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    kinds = [UNKNOWN, CONTROL, CONTROL, USER_DEFINED, *[BYTE] * 256, *[NORMAL] * len(words)]
    return FakeCheckpoint().put(
        model="llama",
        tokens=tokens,
        token_type=kinds,
        scores=[0.0] * 260 + [-float(rank) for rank in range(len(words))],
        bos_token_id=1,
        eos_token_id=2,
        unknown_token_id=0,
        add_space_prefix=False,
    )


@pytest.fixture
def bpe_folder(tmp_path):
    """A folder whose ``tokenizer.json`` says the same as ``bpe_checkpoint``."""
    vocabulary = {text: token for token, text in enumerate(bpe_tokens())}
    library = Tokenizer(models.BPE(vocab=vocabulary, merges=[tuple(m.split(" ")) for m in MERGES]))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    library.add_special_tokens([AddedToken(text, special=True) for text in SPECIALS[:2]])
    library.add_tokens([AddedToken(SPECIALS[2], special=False, normalized=False)])
    library.save(str(tmp_path / "tokenizer.json"))
    n_tokens = library.get_vocab_size()
    checkpoint = FakeCheckpoint(container="safetensors", path=tmp_path)
    return checkpoint.put(bos_token_id=n_tokens - 3, eos_token_id=n_tokens - 2)
