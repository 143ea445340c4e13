import pytest

from octavo.engine.tokenizer.detokenizer import Detokenizer
from octavo.engine.tokenizer.load import load_tokenizer


def single_bytes(token):
    return bytes([token])


def test_only_whole_characters_come_out():
    stream = Detokenizer(single_bytes)

    pieces = [stream.push(byte) for byte in "a👍é".encode()]

    assert pieces == ["a", "", "", "", "👍", "", "é"]


def test_an_unfinished_character_shows_at_the_end():
    stream = Detokenizer(single_bytes)
    stream.push(0xF0)
    stream.push(0x9F)

    assert stream.flush() == "\ufffd"


def test_a_wrong_byte_does_not_hold_up_the_text():
    stream = Detokenizer(single_bytes)

    assert stream.push(0xC3) + stream.push(0x41) == "\ufffdA"


@pytest.mark.parametrize("text", ["hello world", " leading", "漢字 👩‍👩‍👧"])
def test_a_stream_gives_what_decode_gives(spm_checkpoint, text):
    tokenizer = load_tokenizer(spm_checkpoint.put(add_space_prefix=True))
    ids = tokenizer.encode(text)
    stream = tokenizer.stream()

    assert "".join(stream.push(token) for token in ids) + stream.flush() == text == tokenizer.decode(ids)
