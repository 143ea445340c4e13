import pytest

from octavo.cli.terminal_text import MAX_MARKS, safe


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;new title\x07text", "text"),
        ("\x1b]8;;http://somewhere\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("bell\x07 back\x08", "bell back"),
        ("over\rwritten", "overwritten"),
        ("\x1bPq sixel \x1b\\after", "after"),
        ("\u202egnp.exe", "<U+202E>gnp.exe"),
        ("zero\u200bwidth", "zero<U+200B>width"),
    ],
)
def test_what_a_terminal_would_obey_is_gone(hostile, harmless):
    assert safe(hostile) == harmless


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "two\nlines\tand a tab",
        "naïve café",
        "日本語",
        "👩\u200d🚀",
        "می\u200cخواهم",
        "e\u0301\u0302",
    ],
)
def test_honest_text_stays(text):
    assert safe(text) == text


def test_letter_keeps_eight_accents():
    assert safe("Z" + "\u0301" * 500 + "x") == "Z" + "\u0301" * MAX_MARKS + "x"
