import random

import pytest

from octavo.gui.markdown.parser import parse
from octavo.gui.markdown.pieces import Code
from octavo.gui.markdown.stream import MarkdownStream

CORPUS = (
    "# T\n\npara *a* **b**\nsoft\n\n1. a\n2. b\n   - c\n\n   loose\n\n```python\ndef f():\n    return 1\n```\n"
    "after\n\n| a | b |\n|--|:-:|\n| 1 | 2 |\n\nend",
    "para\n#tag\n\n- a\n- b\n\n\n- c\ntext lazy\n\n> q\n> q2\nlazy\n\n***\n\nSetext\n===\n\nx\n---\ny",
    "[a][x] and [b]\n\n[x]: http://e.org\n\ntext [b] \n\n[b]: http://f.org 'T'\n\n[a][x]\n",
    "~~~\ncode\n\n~~~\n```\nopen fence\nmore `x`\n",
    "a | b\n-|-\n1 | 2\n3\n\ntext `code` ~~s~~ <script>x</script> ![i](http://x/y.png)\n",
    "1. x\n\n       indented\n\n2. y\n\n    para\n\nnot list\n    cont\n\n    code\n\n> - a\n"
    ">   ```\n>   c\n>   ```\n> b\n\n\t tab\n",
    "so $a_b$ and\n$$\nx = *y*\n$$\n\n\\(z\\) costs $5 or $6\n\n\\[\n- b\n\\]\n",
    "trailing blanks  \nhard break\\\nanother\n\n\n\n&amp; &lt;b&gt; \\* \u202e `` ` ``\n\n10) a\n11) b\n\n+ x\n* y\n",
)


def streamed(text, chance):
    stream, place = MarkdownStream(), 0
    while place < len(text):
        step = chance.randint(1, chance.choice((2, 6, 40)))
        stream.feed(text[place : place + step])
        place += step
        if chance.random() < 0.7:
            stream.step()
    stream.step(is_end=True)
    return stream


@pytest.mark.parametrize("seed", range(200))
def test_arriving_in_pieces_looks_as_arriving_at_once(seed):
    chance = random.Random(seed)
    text = "\n\n".join(chance.sample(CORPUS, chance.randint(1, 3)))
    whole = MarkdownStream()
    whole.feed(text)

    stream = streamed(text, chance)

    assert stream.pieces == parse(whole.source).pieces


def test_closed_blocks_are_not_parsed_again(monkeypatch):
    lengths = []

    def counting(source, references=None):
        lengths.append(len(source))
        return parse(source, references)

    monkeypatch.setattr("octavo.gui.markdown.stream.parse", counting)
    stream = MarkdownStream()
    for number in range(200):
        stream.feed(f"Paragraph {number} has some words.\n\n")
        stream.step()

    assert max(lengths) < 150


def test_a_half_arrived_fence_is_not_shown_as_code():
    stream = MarkdownStream()
    stream.feed("```\ncode\n``")
    stream.step()

    assert stream.pieces == [Code("code")]


def test_unchanged_pieces_are_counted():
    stream = MarkdownStream()
    stream.feed("a\n\nb\n\nc")
    assert stream.step() == 0
    stream.feed("d")
    assert stream.step() == 2


def test_a_text_that_grows_too_long_turns_plain_once():
    stream = MarkdownStream()
    stream.feed("# head\n\n")
    stream.step()
    for _ in range(30):
        stream.feed("x" * 1_000)
        stream.step()

    assert isinstance(stream.pieces[-1], Code)
    assert "# head" in stream.pieces[-1].text
