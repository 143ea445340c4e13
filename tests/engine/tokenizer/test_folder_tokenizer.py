import json
import os

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

from octavo.engine.errors import UnreadableModel, UnsupportedModel
from octavo.engine.tokenizer.guard import library_errors
from octavo.engine.tokenizer.load import load_tokenizer


def save(folder, library):
    library.save(str(folder.path / "tokenizer.json"))


def read(folder):
    return Tokenizer.from_file(str(folder.path / "tokenizer.json"))


def test_the_ends_of_generation_config_stop_a_reply(bpe_folder):
    (bpe_folder.path / "generation_config.json").write_text('{"eos_token_id": [7, 99999, "x"]}')

    assert 7 in load_tokenizer(bpe_folder).stop_ids


def test_well_known_turn_ends_stop_a_reply(bpe_folder):
    del bpe_folder.fields["tokenizer.ggml.eos_token_id"]
    tokenizer = load_tokenizer(bpe_folder)

    assert {tokenizer.token_text(token) for token in tokenizer.stop_ids} == {"<|im_end|>"}


def test_bos_is_expected_where_the_post_processor_adds_it(bpe_folder):
    library = read(bpe_folder)
    bos = library.token_to_id("<|im_start|>")
    library.post_processor = processors.TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", bos)]
    )
    save(bpe_folder, library)

    assert load_tokenizer(bpe_folder).add_bos


def test_the_metadata_decide_about_bos_where_they_speak(bpe_folder):
    assert load_tokenizer(bpe_folder.put(add_bos_token=True)).add_bos


def test_truncation_and_padding_of_the_file_are_ignored(bpe_folder):
    library = read(bpe_folder)
    library.enable_truncation(2)
    library.enable_padding(length=9)
    save(bpe_folder, library)
    tokenizer = load_tokenizer(bpe_folder)

    assert tokenizer.decode(tokenizer.encode("hello world, hello")) == "hello world, hello"


def test_rows_without_a_token_decode_to_nothing(bpe_folder):
    n_tokens = read(bpe_folder).get_vocab_size()
    tokenizer = load_tokenizer(bpe_folder.put(tokens=["x"] * (n_tokens + 3)))

    assert tokenizer.n_vocabulary == n_tokens + 3
    assert tokenizer.decode([n_tokens + 2]) == ""


def test_white_space_flags_of_control_tokens_hold(bpe_folder):
    library = read(bpe_folder)
    library.add_special_tokens([AddedToken("<|end|>", special=True, rstrip=True, lstrip=True)])
    save(bpe_folder, library)

    tokenizer = load_tokenizer(bpe_folder)

    assert tokenizer.encode("a <|end|> \n b", special=True) == library.encode("a <|end|> \n b").ids


def test_metaspace_puts_its_blank_only_before_the_text(bpe_folder):
    words = {text: token for token, text in enumerate(["<unk>", "▁", "a", "▁a"])}
    library = Tokenizer(models.BPE(vocab=words, merges=[("▁", "a")], unk_token="<unk>"))
    library.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    library.decoder = decoders.Metaspace(prepend_scheme="first")
    library.add_special_tokens(["<s>"])
    save(bpe_folder, library)
    tokenizer = load_tokenizer(bpe_folder.put(bos_token_id=4, eos_token_id=4))

    assert tokenizer.encode("a<s>a a", special=True) == library.encode("a<s>a a").ids
    assert tokenizer.decode(tokenizer.encode("a a")) == "a a"


def test_a_byte_order_mark_is_tolerated(bpe_folder):
    path = bpe_folder.path / "tokenizer.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert load_tokenizer(bpe_folder).decode([10]) == "\n"


def test_without_tokenizer_json_the_metadata_serve(bpe_folder, bpe_checkpoint):
    (bpe_folder.path / "tokenizer.json").unlink()
    bpe_folder.fields |= bpe_checkpoint.fields

    tokenizer = load_tokenizer(bpe_folder)

    assert tokenizer.decode(tokenizer.encode("hello")) == "hello"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"model": NaN}', "[" * 100_000, "\xff"])
def test_a_damaged_tokenizer_json_is_refused(bpe_folder, content):
    (bpe_folder.path / "tokenizer.json").write_text(content, encoding="latin-1")

    with pytest.raises(UnreadableModel, match=r"tokenizer\.json"):
        load_tokenizer(bpe_folder)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"eos_token_id": NaN}', "[" * 100_000, '{"a": 1}' + " " * 2**22]
)
def test_a_damaged_generation_config_is_refused(bpe_folder, content):
    (bpe_folder.path / "generation_config.json").write_text(content)

    with pytest.raises(UnreadableModel, match=r"generation_config\.json"):
        load_tokenizer(bpe_folder)


def test_a_pipe_instead_of_a_file_does_not_hang(bpe_folder):
    path = bpe_folder.path / "tokenizer.json"
    path.unlink()
    os.mkfifo(path)

    with pytest.raises(UnreadableModel, match="ordinary file"):
        load_tokenizer(bpe_folder)


def test_token_ids_beyond_reason_are_refused(bpe_folder):
    path = bpe_folder.path / "tokenizer.json"
    found = json.loads(path.read_text())
    found["model"]["vocab"]["zz"] = 4_000_000_000
    path.write_text(json.dumps(found))

    with pytest.raises(UnreadableModel):
        load_tokenizer(bpe_folder)


def test_another_kind_of_tokenizer_is_refused(bpe_folder):
    library = Tokenizer(models.WordPiece(vocab={"[UNK]": 0}))
    library.decoder = decoders.WordPiece()
    save(bpe_folder, library)

    with pytest.raises(UnsupportedModel):
        load_tokenizer(bpe_folder)


class Panic(BaseException):
    """What a panic of the library looks like."""


def test_a_panic_of_the_library_becomes_an_ordinary_error():
    with pytest.raises(UnreadableModel, match="broke"), library_errors("It broke."):
        raise Panic


def test_ctrl_c_is_not_caught():
    with pytest.raises(KeyboardInterrupt), library_errors("It broke."):
        raise KeyboardInterrupt
