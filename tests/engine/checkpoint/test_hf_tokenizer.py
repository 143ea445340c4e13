from __future__ import annotations

import json

import pytest
from tests.fixtures import vocabularies
from tests.fixtures.vocabularies import CONTROL, NORMAL, UNUSED, USER_DEFINED

from octavo.engine.checkpoint.hf_families import FAMILIES
from octavo.engine.checkpoint.hf_special_tokens import KNOWN_ENDS
from octavo.engine.checkpoint.hf_tokenizer import tokenizer_fields
from octavo.engine.checkpoint.sentencepiece_model import read_pieces
from octavo.engine.errors import UnreadableModel, UnsupportedModel
from octavo.engine.tokenizer import stops


def fields_of(folder, vocabulary, architecture="llama", pre="gpt-2", *, change=None, n_more=0, config=None):
    vocabularies.write_tokenizer(folder, vocabulary, pre, None)
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    if change:
        change(content)
    path.write_text(json.dumps(content))
    if config:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
    fields = tokenizer_fields(folder, FAMILIES[architecture], {}, len(vocabulary.tokens) + n_more)
    return {key.removeprefix("tokenizer.ggml."): field.value for key, field in fields.items()}


@pytest.mark.parametrize("pre", ["gpt-2", "smollm", "llama-bpe", "qwen2"])
def test_the_way_of_cutting_words_is_recognised(tmp_path, pre):
    vocabulary = vocabularies.byte_level_bpe()
    fields = fields_of(tmp_path, vocabulary, pre=pre)

    assert (fields["model"], fields["pre"]) == ("gpt2", pre)
    assert fields["tokens"] == vocabulary.tokens
    assert fields["token_type"] == vocabulary.types
    assert fields["merges"] == [" ".join(pair) for pair in vocabulary.merges]
    assert (fields["bos_token_id"], fields["eos_token_id"]) == (vocabulary.bos, vocabulary.eos)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(pre_tokenizer=None),
        lambda c: c.update(pre_tokenizer={"type": "Whitespace"}),
        lambda c: c.update(normalizer={"type": "Lowercase"}),
        lambda c: c["pre_tokenizer"].update(add_prefix_space=True),
        lambda c: c["model"].update(type="WordPiece"),
    ],
    ids=["none", "white space", "lower case", "prefix", "WordPiece"],
)
def test_an_unknown_way_of_cutting_is_unsupported(tmp_path, change):
    with pytest.raises(UnsupportedModel):
        fields_of(tmp_path, vocabularies.byte_level_bpe(), change=change)


def test_merges_may_be_written_as_texts(tmp_path):
    vocabulary = vocabularies.byte_level_bpe()

    def old(content):
        content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]

    assert fields_of(tmp_path, vocabulary, change=old)["merges"] == [
        " ".join(pair) for pair in vocabulary.merges
    ]


def test_numbers_without_a_token_are_padding(tmp_path):
    vocabulary = vocabularies.byte_level_bpe()
    fields = fields_of(tmp_path, vocabulary, n_more=2)

    assert fields["tokens"][-2:] == [f"[PAD{len(vocabulary.tokens)}]", f"[PAD{len(vocabulary.tokens) + 1}]"]
    assert fields["token_type"][-2:] == [UNUSED, UNUSED]


def test_added_tokens_are_told_apart(tmp_path):
    vocabulary = vocabularies.byte_level_bpe()
    n = len(vocabulary.tokens)

    def add(content):
        for number, text in enumerate(("<think>", "<|tool|>", "\u2581\u2581")):
            content["added_tokens"].append({"id": n + number, "content": text, "special": False})

    fields = fields_of(tmp_path, vocabulary, change=add, n_more=3)
    assert fields["token_type"][n:] == [USER_DEFINED, CONTROL, USER_DEFINED]
    assert fields["tokens"][n:] == ["<think>", "<|tool|>", "  "]


def test_sentencepiece_comes_from_its_model(tmp_path):
    vocabulary = vocabularies.sentencepiece()
    fields = fields_of(tmp_path, vocabulary, "gemma3")

    assert (fields["model"], fields["pre"]) == ("llama", "default")
    assert fields["tokens"] == vocabulary.tokens
    assert fields["token_type"] == vocabulary.types
    assert fields["scores"] == vocabulary.scores
    assert fields["add_space_prefix"] is False
    assert fields["add_bos_token"] is True


def test_without_its_model_sentencepiece_is_made_from_merges(tmp_path):
    vocabulary = vocabularies.sentencepiece()
    vocabularies.write_tokenizer(tmp_path, vocabulary, "default", None)
    (tmp_path / "tokenizer.model").unlink()
    fields = tokenizer_fields(tmp_path, FAMILIES["gemma3"], {}, len(vocabulary.tokens))
    scores = fields["tokenizer.ggml.scores"].value
    tokens = fields["tokenizer.ggml.tokens"].value

    assert tokens == vocabulary.tokens
    merged = [left + right for left, right in vocabulary.merges]
    ranked = sorted(merged, key=lambda text: -scores[tokens.index(text)])
    assert ranked == merged
    assert fields["tokenizer.ggml.add_space_prefix"].value is False
    assert fields["tokenizer.ggml.token_type"].value[-1] == NORMAL


def test_a_folder_without_tokenizer_has_no_fields(tmp_path):
    assert tokenizer_fields(tmp_path, FAMILIES["llama"], {}, 10) == {}


def template(single, pair=()):
    def item(each):
        return {"Sequence": {"id": each}} if each in ("A", "B") else {"SpecialToken": {"id": each}}

    return {"type": "TemplateProcessing", "single": [*map(item, single)], "pair": [*map(item, pair)]}


START, END = "<|endoftext|>", "<|im_end|>"


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (template([START, "A"], [START, "A", START, "B"]), {"bos": True, "sep": False}),
        (template([START, "A", END]), {"bos": True, "eos": True}),
        (template(["A", END]), {"eos": True}),
        ({"type": "ByteLevel"}, {"bos": False, "eos": False}),
        (
            {"type": "Sequence", "processors": [{"type": "ByteLevel"}, template([START, "A"])]},
            {"bos": True, "eos": False},
        ),
        (template(["<|im_start|>", "A"]), {"bos": False}),
    ],
)
def test_what_is_put_around_a_text_becomes_flags(tmp_path, processor, expected):
    fields = fields_of(
        tmp_path,
        vocabularies.byte_level_bpe(),
        change=lambda c: c.update(post_processor=processor),
        config={"add_bos_token": None},
    )

    assert {key[4:7]: value for key, value in fields.items() if key.startswith("add_")} == expected


def test_special_ids_come_from_the_configuration_too(tmp_path):
    vocabulary = vocabularies.byte_level_bpe()
    vocabularies.write_tokenizer(tmp_path, vocabulary, "gpt-2", None)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": "<|im_end|>"}}))
    fields = tokenizer_fields(
        tmp_path,
        FAMILIES["llama"],
        {"bos_token_id": 1, "eos_token_id": vocabulary.eos, "pad_token_id": 10**6},
        len(vocabulary.tokens),
    )

    ids = {key.split(".")[-1]: field.value for key, field in fields.items() if key.endswith("_token_id")}
    assert ids == {"eos_token_id": vocabulary.eos, "bos_token_id": 1}


def ids_of(fields):
    return {key.split(".")[-1]: field.value for key, field in fields.items() if key.endswith("_token_id")}


def test_all_tokens_that_end_a_reply_are_written(tmp_path):
    vocabulary = vocabularies.byte_level_bpe()
    vocabularies.write_tokenizer(tmp_path, vocabulary, "gpt-2", None)
    listed = [vocabulary.eos, 7, True, 10**6, "8"]
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": listed}))
    model = {"eos_token_id": [9, 7]}
    fields = tokenizer_fields(tmp_path, FAMILIES["llama"], model, len(vocabulary.tokens))

    found = ids_of(fields)

    assert (found["eos_token_id"], found["eot_token_id"], found["eom_token_id"]) == (vocabulary.eos, 7, 9)


def test_the_first_end_is_the_end_where_the_tokenizer_names_none(tmp_path):
    vocabulary = vocabularies.byte_level_bpe()
    vocabularies.write_tokenizer(tmp_path, vocabulary, "gpt-2", None)
    (tmp_path / "tokenizer_config.json").write_text("{}")
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [7, 8]}')
    fields = tokenizer_fields(tmp_path, FAMILIES["llama"], {}, len(vocabulary.tokens))

    assert ids_of(fields) == {"eos_token_id": 7, "eot_token_id": 8}


def test_an_end_that_its_text_tells_is_not_written(tmp_path):
    vocabulary = vocabularies.byte_level_bpe()
    vocabulary.tokens[7] = "<|eot_id|>"
    vocabularies.write_tokenizer(tmp_path, vocabulary, "gpt-2", None)
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [7]}')
    fields = tokenizer_fields(tmp_path, FAMILIES["llama"], {}, len(vocabulary.tokens))

    assert "eot_token_id" not in ids_of(fields)
    assert stops.UNMISTAKABLE | stops.IF_CONTROL >= KNOWN_ENDS


def test_tokens_that_only_tokenizer_json_adds_are_found_beside_a_sentencepiece_model(tmp_path):
    vocabulary = vocabularies.sentencepiece()
    n = len(vocabulary.tokens)

    def add(content):
        content["added_tokens"] += [
            {"id": n, "content": "<|user|>", "special": True},
            {"id": n + 1, "content": "<tool>", "special": False},
            {"id": n + 9, "content": "<beyond>", "special": False},
        ]

    fields = fields_of(tmp_path, vocabulary, "gemma3", change=add, n_more=3)

    assert fields["tokens"][n:] == ["<|user|>", "<tool>", f"[PAD{n + 2}]"]
    assert fields["token_type"][n:] == [CONTROL, USER_DEFINED, UNUSED]
    assert fields["tokens"][:n] == vocabulary.tokens
    assert fields["token_type"][:n] == vocabulary.types


def test_templates_in_files_of_their_own_keep_their_names(tmp_path):
    vocabulary = vocabularies.byte_level_bpe()
    vocabularies.write_tokenizer(tmp_path, vocabulary, "gpt-2", None)
    (tmp_path / "chat_template.jinja").write_text("a")
    (tmp_path / "additional_chat_templates").mkdir()
    (tmp_path / "additional_chat_templates" / "tool_use.jinja").write_text("b")
    fields = tokenizer_fields(tmp_path, FAMILIES["llama"], {}, len(vocabulary.tokens))

    assert fields["tokenizer.chat_template"].value == "a"
    assert fields["tokenizer.chat_template.tool_use"].value == "b"
    assert fields["tokenizer.chat_templates"].value == ["tool_use"]


@pytest.mark.parametrize("file", ["tokenizer_config.json", "chat_template.jinja", "chat_template.json"])
def test_a_chat_template_is_found_wherever_it_lies(tmp_path, file):
    vocabulary = vocabularies.byte_level_bpe()
    vocabularies.write_tokenizer(tmp_path, vocabulary, "gpt-2", None)
    text = "{{ messages }}"
    (tmp_path / file).write_text(text if file.endswith("jinja") else json.dumps({"chat_template": text}))
    fields = tokenizer_fields(tmp_path, FAMILIES["llama"], {}, len(vocabulary.tokens))

    assert fields["tokenizer.chat_template"].value == text


def test_several_chat_templates_keep_their_names(tmp_path):
    templates = [{"name": "default", "template": "a"}, {"name": "tool use", "template": "b"}]
    fields = fields_of(tmp_path, vocabularies.byte_level_bpe(), config={"chat_template": templates})

    assert fields["tokenizer.chat_template"] == "a"
    assert fields["tokenizer.chat_template.tool_use"] == "b"
    assert fields["tokenizer.chat_templates"] == ["tool_use"]


def test_a_cut_or_random_sentencepiece_model_is_refused(tmp_path):
    raw = vocabularies.sentencepiece_model(vocabularies.sentencepiece())
    path = tmp_path / "tokenizer.model"
    path.write_bytes(raw[:-1])
    with pytest.raises(UnreadableModel, match="no SentencePiece model"):
        read_pieces(path)
    for junk in (b"", b"\xff" * 40, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b", b"\x0a\x02\x18\x63"):
        path.write_bytes(junk)
        with pytest.raises(UnreadableModel, match="no SentencePiece model"):
            read_pieces(path)
