import pytest

from octavo.engine.errors import OctavoError, UnreadableModel, UnsupportedModel
from octavo.engine.tokenizer.byte_level import to_bytes
from octavo.engine.tokenizer.load import load_tokenizer

AWKWARD = [
    "",
    " ",
    "hello  world\n\n 1234",
    "I'll don't WE'RE",
    "a\r\nb\tc\x00d",
    "漢字とかな",
    "ភាសាខ្មែរ",
    "👩‍👩‍👧‍👦 👍🏽",
    "e\u0301 \u00a0\u2003",
    "<|im_end|><think>",
    "x" * 10_000,
]


@pytest.mark.parametrize("text", AWKWARD)
def test_decoding_gives_the_text_back(bpe_checkpoint, text):
    tokenizer = load_tokenizer(bpe_checkpoint)

    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("special", [False, True])
def test_a_folder_and_a_file_of_the_same_vocabulary_give_the_same_ids(
    bpe_checkpoint, bpe_folder, text, special
):
    from_file = load_tokenizer(bpe_checkpoint).encode(text, special=special)

    assert load_tokenizer(bpe_folder).encode(text, special=special) == from_file


def test_merges_happen_best_first(bpe_checkpoint):
    tokenizer = load_tokenizer(bpe_checkpoint)

    texts = [tokenizer.token_text(token) for token in tokenizer.encode("hello world")]

    assert texts == ["hello", " world"]


def test_control_tokens_in_text_are_plain_text(bpe_checkpoint):
    tokenizer = load_tokenizer(bpe_checkpoint)

    assert tokenizer.control_ids.isdisjoint(tokenizer.encode("a<|im_end|>b"))


def test_control_tokens_are_found_when_asked_for(bpe_checkpoint):
    tokenizer = load_tokenizer(bpe_checkpoint)

    assert tokenizer.eos_id in tokenizer.encode("a<|im_end|>b", special=True)


def test_user_defined_tokens_are_always_found(bpe_checkpoint):
    tokenizer = load_tokenizer(bpe_checkpoint)

    assert tokenizer.encode("<think>") == [tokenizer.n_vocabulary - 1]


def test_a_turn_end_marked_as_ordinary_added_token_counts_as_control(bpe_checkpoint):
    kinds = bpe_checkpoint.fields["tokenizer.ggml.token_type"].value
    kinds[-2] = 4
    tokenizer = load_tokenizer(bpe_checkpoint)

    assert tokenizer.control_ids.isdisjoint(tokenizer.encode("<|im_end|>"))
    assert tokenizer.eos_id in tokenizer.stop_ids


def test_a_control_token_that_merges_could_spell_never_comes_out(bpe_checkpoint):
    tokens = bpe_checkpoint.fields["tokenizer.ggml.tokens"].value
    bpe_checkpoint.fields["tokenizer.ggml.token_type"].value[tokens.index("hello")] = 3
    tokenizer = load_tokenizer(bpe_checkpoint)

    ids = tokenizer.encode("hello")

    assert [tokenizer.token_text(token) for token in ids] == ["hell", "o"]


def test_a_control_token_in_a_folder_that_merges_could_spell_never_comes_out(bpe_folder):
    path = bpe_folder.path / "tokenizer.json"
    from tokenizers import Tokenizer

    library = Tokenizer.from_file(str(path))
    library.add_special_tokens(["hello"])
    library.save(str(path))
    tokenizer = load_tokenizer(bpe_folder)

    ids = tokenizer.encode("hello hello")

    assert tokenizer.control_ids.isdisjoint(ids)
    assert tokenizer.decode(ids) == "hello hello"


def test_decoding_leaves_control_tokens_out_unless_asked(bpe_checkpoint):
    tokenizer = load_tokenizer(bpe_checkpoint)
    ids = tokenizer.encode("hello<|im_end|>", special=True)

    assert tokenizer.decode(ids) == "hello"
    assert tokenizer.decode(ids, special=True) == "hello<|im_end|>"


def test_half_a_character_is_refused_in_a_sentence(bpe_checkpoint):
    with pytest.raises(OctavoError, match="half a character"):
        load_tokenizer(bpe_checkpoint).encode("ab\ud800")


def test_an_unknown_splitting_rule_is_refused_by_name(bpe_checkpoint):
    bpe_checkpoint.put(pre="klingon")

    with pytest.raises(UnsupportedModel, match="klingon"):
        load_tokenizer(bpe_checkpoint)


def test_a_missing_splitting_rule_is_a_problem_but_no_refusal(bpe_checkpoint):
    del bpe_checkpoint.fields["tokenizer.ggml.pre"]

    tokenizer = load_tokenizer(bpe_checkpoint)

    assert len(tokenizer.problems) == 1
    assert tokenizer.decode(tokenizer.encode("hello")) == "hello"


@pytest.mark.parametrize(
    ("name", "text", "pieces"),
    [
        ("gpt-2", "12 345", ["12", " ", "3", "4", "5"]),
        ("smollm", "12", ["1", "2"]),
        ("llama-bpe", "12\n\n", ["12", "\n", "\n"]),
        ("qwen2", "12", ["1", "2"]),
    ],
)
def test_digits_are_cut_as_the_rule_says(bpe_checkpoint, name, text, pieces):
    tokenizer = load_tokenizer(bpe_checkpoint.put(pre=name))

    assert [tokenizer.token_text(token) for token in tokenizer.encode(text)] == pieces


def test_the_qwen_rule_composes_characters_first(bpe_checkpoint):
    tokenizer = load_tokenizer(bpe_checkpoint.put(pre="qwen2"))

    assert tokenizer.decode(tokenizer.encode("e\u0301")) == "\u00e9"


def test_merges_without_a_token_are_ignored(bpe_checkpoint):
    expected = load_tokenizer(bpe_checkpoint).encode("hello ab zztop")
    bpe_checkpoint.fields["tokenizer.ggml.merges"].value += ["zz top", "a b"]

    assert load_tokenizer(bpe_checkpoint).encode("hello ab zztop") == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_type", [1, 1]),
        ("tokens", []),
        ("tokens", [1, 2]),
        ("merges", []),
        ("merges", [3]),
        ("eos_token_id", 10_000),
        ("eos_token_id", "two"),
        ("model", ""),
        ("pre", 7),
    ],
)
def test_damaged_metadata_are_refused(bpe_checkpoint, name, value):
    with pytest.raises(UnreadableModel):
        load_tokenizer(bpe_checkpoint.put(**{name: value}))


def test_an_unknown_kind_of_tokenizer_is_refused_by_name(bpe_checkpoint):
    with pytest.raises(UnsupportedModel, match="t5"):
        load_tokenizer(bpe_checkpoint.put(model="t5"))


def test_characters_outside_the_alphabet_of_bytes_stand_for_themselves():
    assert to_bytes("Ġ漢") == b" " + "漢".encode()


def test_an_id_that_does_not_exist_is_refused(bpe_checkpoint):
    tokenizer = load_tokenizer(bpe_checkpoint)

    with pytest.raises(OctavoError, match="no token"):
        tokenizer.decode([tokenizer.n_vocabulary])


def test_phi3s_end_of_text_is_text_that_swallows_the_line_break_after_it(bpe_checkpoint):
    bpe_checkpoint.fields["tokenizer.ggml.tokens"].value[-1] = "</s>"
    tokenizer = load_tokenizer(bpe_checkpoint.put(general__name="Phi-3 mini"))

    assert tokenizer.encode("</s>\nhello") == [tokenizer.n_vocabulary - 1, *tokenizer.encode("hello")]


def test_phi3_markers_swallow_the_line_break_after_them(bpe_checkpoint):
    tokenizer = load_tokenizer(bpe_checkpoint.put(general__name="Phi-3 mini"))

    assert tokenizer.decode(tokenizer.encode("<|im_end|>\nhello", special=True)) == "hello"
