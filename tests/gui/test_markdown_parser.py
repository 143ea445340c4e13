import time

import pytest

from octavo.gui.markdown.parser import MAX_CHARACTERS, parse
from octavo.gui.markdown.pieces import Code, Line, Run, Table


def lines(source):
    return [piece for piece in parse(source).pieces if isinstance(piece, Line)]


def text(line):
    return "".join(run.text for run in line.runs)


def test_styles_become_runs():
    (line,) = lines("a **b** *c* `d` ~~e~~ ***f***")

    assert Run("b", bold=True) in line.runs
    assert Run("c", italic=True) in line.runs
    assert Run("d", code=True) in line.runs
    assert Run("e", strike=True) in line.runs
    assert Run("f", bold=True, italic=True) in line.runs


def test_lists_keep_their_numbers_and_depth():
    found = lines("3. a\n4. b\n   - c\n\n- d")

    assert [(text(each), each.marker, each.indent) for each in found] == [
        ("a", "3.", 1), ("b", "4.", 1), ("c", "•", 2), ("d", "•", 1),
    ]  # fmt: skip


def test_only_the_first_paragraph_of_an_item_has_the_marker():
    assert [each.marker for each in lines("- a\n\n  b")] == ["•", ""]


def test_quotes_and_headings_are_known():
    heading, quoted = lines("## T\n\n> > q")

    assert (heading.level, text(heading)) == (2, "T")
    assert (quoted.quote, text(quoted)) == (2, "q")


def test_code_keeps_its_language_and_every_blank():
    assert parse("```python title=x\n\n  a\n\n```").pieces == [Code("\n  a\n", "python")]


def test_a_table_keeps_rows_and_alignment():
    (table,) = parse("a | b\n--|--:\n1 | 2").pieces

    assert isinstance(table, Table)
    assert table.aligns == ("left", "right")
    assert [[cell[0].text for cell in row] for row in table.rows] == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("source", ["<script>alert(1)</script>", "<img src=x onerror=y>", "a <b>bold</b> c"])
def test_html_is_shown_as_text(source):
    assert "".join(map(text, lines(source))) == source


@pytest.mark.parametrize(
    "source", ["![p](http://host/p.png)", "![p](file:///etc/passwd)", "![p](//host/share/p.png)"]
)
def test_pictures_are_no_more_than_their_words(source):
    assert "".join(map(text, lines(source))).startswith("!p") or "![p]" in "".join(map(text, lines(source)))


@pytest.mark.parametrize(
    ("target", "link"),
    [
        ("https://e.org/a", "https://e.org/a"),
        ("mailto:a@e.org", "mailto:a@e.org"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("//host/share", ""),
        ("data:text/html,x", ""),
    ],
)
def test_only_the_web_and_mail_can_be_linked(target, link):
    (line,) = lines(f"[words]({target})")

    assert {run.link for run in line.runs} == {link}
    assert "words" in text(line)


@pytest.mark.parametrize(
    "source",
    [
        "x" * (MAX_CHARACTERS + 1),
        "short\n" + "y" * 25_000,
        ">" * 400 + " deep",
        "- " * 300 + "deep",
        "[" * 19_000,
        "|a" * 60 + "|\n" + "|-" * 60 + "|\n" + ("|1" * 60 + "|\n") * 60,
        "[a](http://b) " * 1_100,
        "**a " * 4_000,
        "- a\n" * 4_000,
    ],
    ids=["long", "long line", "quotes", "lists", "brackets", "cells", "links", "marks", "lines"],
)
def test_what_is_too_much_becomes_plain_text_in_time(source):
    started = time.thread_time()
    parsed = parse(source)

    assert parsed.is_plain
    assert time.thread_time() - started < 2
