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


# Text, then how rules cut it; the pieces come from another regular expression engine than the one in use.
AWKWARD = {
    "blanks": (
        "a   b\t\tc \n \r\n  d  ",
        {
            "gpt-2": ["a", "  ", " b", "\t", "\t", "c", " \n \r\n ", " d", "  "],
            "llama-bpe": ["a", "  ", " b", "\t", "\tc", " \n \r\n", " ", " d", "  "],
            "tekken": ["a", "  ", " b", "\t", "\tc", " \n \r\n", " ", " d", "  "],
        },
    ),
    "digits": (
        "12345 ٠١٢३४ ½",
        {
            "gpt-2": ["12345", " ٠١٢३४", " ½"],
            "smollm": ["1", "2", "3", "4", "5", " ", "٠", "١", "٢", "३", "४", " ", "½"],
            "llama-bpe": ["123", "45", " ", "٠١٢", "३४", " ", "½"],
            "qwen2": ["1", "2", "3", "4", "5", " ", "٠", "١", "٢", "३", "४", " ", "½"],
            "gpt-4o": ["123", "45", " ", "٠١٢", "३४", " ", "½"],
        },
    ),
    "contractions": (
        "I'LL we'Ve don’t 'tis",
        {
            "gpt-2": ["I", "'", "LL", " we", "'", "Ve", " don", "’", "t", " '", "tis"],
            "llama-bpe": ["I", "'LL", " we", "'Ve", " don", "’t", " '", "tis"],
            "gpt-4o": ["I'LL", " we'Ve", " don", "’t", " '", "tis"],
        },
    ),
    "CJK": (
        "漢字、かな 한국어",
        {
            "gpt-2": ["漢字", "、", "かな", " 한국어"],
            "qwen2": ["漢字", "、かな", " 한국어"],
            "deepseek-v3": ["漢字", "、", "かな", " 한국어"],
        },
    ),
    "Khmer": (
        "\u1781\u17d2\u1798\u17c2\u179a \u1797\u17b6",
        {
            "gpt-2": ["\u1781", "\u17d2", "\u1798", "\u17c2", "\u179a", " \u1797", "\u17b6"],
            "llama-bpe": ["\u1781", "\u17d2\u1798", "\u17c2\u179a", " \u1797", "\u17b6"],
            "tekken": ["\u1781\u17d2\u1798\u17c2\u179a", " \u1797\u17b6"],
        },
    ),
    "emoji": (
        "\U0001f469\u200d\U0001f467 \u2764\ufe0f1\ufe0f\u20e3",
        {
            name: ["\U0001f469\u200d\U0001f467", " \u2764\ufe0f", "1", "\ufe0f\u20e3"]
            for name in ("gpt-2", "smollm", "llama-bpe", "qwen2", "gpt-4o", "tekken")
        },
    ),
    "marks": (
        "e\u0301a q\u0307\u0323 ʰÅ",
        {
            "gpt-2": ["e", "\u0301", "a", " q", "\u0307\u0323", " ʰÅ"],
            "llama-bpe": ["e", "\u0301a", " q", "\u0307\u0323", " ʰÅ"],
            "gpt-4o": ["e\u0301a", " q\u0307\u0323", " ʰ", "Å"],
        },
    ),
    "code": (
        "fooBar_HTTP2(x)//\n",
        {
            "gpt-2": ["fooBar", "_", "HTTP", "2", "(", "x", ")//", "\n"],
            "qwen2": ["fooBar", "_HTTP", "2", "(x", ")//\n"],
            "tekken": ["foo", "Bar", "_HTTP", "2", "(x", ")//\n"],
        },
    ),
}


@pytest.mark.parametrize(
    ("name", "text", "pieces"),
    [(name, text, pieces) for text, cuts in AWKWARD.values() for name, pieces in cuts.items()],
    ids=[f"{kind} {name}" for kind, (_, cuts) in AWKWARD.items() for name in cuts],
)
def test_awkward_text_is_cut_where_the_makers_cut_it(name, text, pieces):
    assert cut(name, text) == pieces


def test_an_unknown_rule_is_refused_without_control_characters_in_the_sentence():
    with pytest.raises(UnsupportedModel) as caught:
        pretokenizers.splitting("a\x1b[31m" * 99)

    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
