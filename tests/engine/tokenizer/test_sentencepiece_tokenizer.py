import itertools
import random

import pytest

from octavo.engine.errors import UnreadableModel
from octavo.engine.tokenizer.load import load_tokenizer
from octavo.engine.tokenizer.sentencepiece import SentencePieceEncoder
from octavo.engine.tokenizer.vocabulary import BLANK


def plain_merges(word, ids, scores):
    """The rule itself, without any cleverness: merge the best neighbours until nothing fits."""
    symbols = list(word)
    while True:
        offers = [
            (-scores[ids[a + b]], left)
            for left, (a, b) in enumerate(itertools.pairwise(symbols))
            if a + b in ids
        ]
        if not offers:
            return [ids[symbol] for symbol in symbols]
        left = min(offers)[1]
        symbols[left : left + 2] = [symbols[left] + symbols[left + 1]]


@pytest.mark.parametrize("seed", range(20))
def test_merges_follow_the_plain_rule(seed):
    chance = random.Random(seed)
    letters = "abc" + BLANK
    words = {
        chance.choice(letters) + "".join(chance.choices(letters, k=chance.randint(1, 3))) for _ in range(40)
    }
    ids = {text: token for token, text in enumerate([*letters, *sorted(words)])}
    scores = [float(chance.randint(-9, 0)) for _ in ids]
    encoder = SentencePieceEncoder(ids, scores, [None] * 256, None, adds_blank=False)
    text = "".join(chance.choices("abc ", k=60))

    assert encoder.encode(text, at_start=True) == plain_merges(text.replace(" ", BLANK), ids, scores)


@pytest.mark.parametrize(
    "text",
    ["", " ", "hello hello", "a b c", "漢字", "a\r\n\x00", "👩‍👩‍👧 x", "ab" * 5_000, "<s></s><0x0A>"],
)
@pytest.mark.parametrize("adds_blank", [False, True])
def test_decoding_gives_the_text_back(spm_checkpoint, text, adds_blank):
    tokenizer = load_tokenizer(spm_checkpoint.put(add_space_prefix=adds_blank))

    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_characters_without_a_token_become_bytes(spm_checkpoint):
    tokenizer = load_tokenizer(spm_checkpoint)

    assert tokenizer.encode("é") == [4 + 0xC3, 4 + 0xA9]


def test_text_that_looks_like_a_byte_token_is_no_byte(spm_checkpoint):
    tokenizer = load_tokenizer(spm_checkpoint)

    assert tokenizer.decode(tokenizer.encode("<0x0A>")) == "<0x0A>"


def test_each_stretch_starts_with_a_blank_where_the_model_says_so(spm_checkpoint):
    tokenizer = load_tokenizer(spm_checkpoint.put(add_space_prefix=True))

    texts = [tokenizer.token_text(token) for token in tokenizer.encode("hello</s>hello", special=True)]

    assert texts == [" hello", "</s>", " hello"]


def test_user_defined_runs_of_blanks_come_first(spm_checkpoint):
    tokenizer = load_tokenizer(spm_checkpoint)

    assert tokenizer.encode("a  b")[1] == 3


def test_a_byte_that_has_no_token_becomes_the_unknown_token(spm_checkpoint):
    kinds = spm_checkpoint.fields["tokenizer.ggml.token_type"].value
    kinds[4:260] = [1] * 256
    tokenizer = load_tokenizer(spm_checkpoint)

    assert tokenizer._encoder.encode("\n", at_start=True) == [0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("scores", [0.0]), ("scores", ["a"]), ("unknown_token_id", 9_999), ("add_space_prefix", "yes")],
)
def test_damaged_metadata_are_refused(spm_checkpoint, name, value):
    with pytest.raises(UnreadableModel):
        load_tokenizer(spm_checkpoint.put(**{name: value}))


def test_a_byte_token_must_name_a_byte(spm_checkpoint):
    spm_checkpoint.fields["tokenizer.ggml.tokens"].value[4] = "<0xZZ>"

    with pytest.raises(UnreadableModel, match="no byte token"):
        load_tokenizer(spm_checkpoint)
