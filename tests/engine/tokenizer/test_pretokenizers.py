import pytest
from tokenizers import Regex, pre_tokenizers

from octavo.engine.errors import UnsupportedModel
from octavo.engine.tokenizer import pretokenizers

TEXT = "I'll say HelloWorld: 12345/x\r\n\r\n  漢字e\u0301 "


def cut(name, text):
    rule = pretokenizers.splitting(name)
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in rule.patterns]
    return [piece for piece, _ in pre_tokenizers.Sequence(splits).pre_tokenize_str(text)]


@pytest.mark.parametrize("name", pretokenizers._SPLITTINGS)
def test_cutting_loses_nothing(name):
    assert "".join(cut(name, TEXT)) == TEXT


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("gpt-2", ["I", "'ll", " HelloWorld", ":", " 12345", "/", "x", "\r\n\r\n ", " aB"]),
        (
            "smollm",
            ["I", "'ll", " HelloWorld", ":", " ", "1", "2", "3", "4", "5", "/", "x", "\r\n\r\n ", " aB"],
        ),
        ("llama-bpe", ["I", "'ll", " HelloWorld", ":", " ", "123", "45", "/x", "\r\n\r\n", " ", " aB"]),
        (
            "qwen2",
            ["I", "'ll", " HelloWorld", ":", " ", "1", "2", "3", "4", "5", "/x", "\r\n\r\n", " ", " aB"],
        ),
        ("gpt-4o", ["I'll", " Hello", "World", ":", " ", "123", "45", "/x", "\r\n\r\n", " ", " a", "B"]),
        (
            "tekken",
            [
                "I",
                "'ll",
                " Hello",
                "World",
                ":",
                " ",
                "1",
                "2",
                "3",
                "4",
                "5",
                "/x",
                "\r\n\r\n",
                " ",
                " a",
                "B",
            ],
        ),
    ],
)
def test_rules_cut_as_the_makers_tokenizers_do(name, pieces):
    assert cut(name, "I'll HelloWorld: 12345/x\r\n\r\n  aB") == pieces


def test_an_unknown_rule_is_refused_without_control_characters_in_the_sentence():
    with pytest.raises(UnsupportedModel) as caught:
        pretokenizers.splitting("a\x1b[31m" * 99)

    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
