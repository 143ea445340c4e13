import random

import pytest

from octavo.gui.markdown.clean_text import MARKS_PER_LETTER, TextCleaner, clean

AWKWARD = (
    "a\x1b[31mred\x1b[0m\x07b\x85c\td\ne\u202eevil\u202c\ufeffe"
    + "\u0301" * 20
    + "\x1b]0;title\x07z\U000e0041\r\n"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\n\twith a tab", "plain text\n\twith a tab"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("a\x00b\x08c\x7fd\x9be", "abcde"),
        ("line\r\nline", "line\nline"),
        ("a\u202etxt.exe", "a[U+202E]txt.exe"),
        ("zero\u200bwidth", "zero[U+200B]width"),
        ("tag\U000e0041", "tag[U+E0041]"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_what_harms_or_hides_is_taken_out_or_shown(text, shown):
    assert clean(text) == shown


def test_a_letter_carries_few_marks():
    assert clean("e" + "\u0301" * 100 + "f") == "e" + "\u0301" * MARKS_PER_LETTER + "f"


@pytest.mark.parametrize("seed", range(40))
def test_the_borders_of_pieces_make_no_difference(seed):
    chance = random.Random(seed)
    cleaner, shown, place = TextCleaner(), "", 0
    while place < len(AWKWARD):
        step = chance.randint(1, 5)
        shown += cleaner.feed(AWKWARD[place : place + step])
        place += step

    assert shown + cleaner.flush() == clean(AWKWARD)


def test_a_sequence_that_never_ends_is_not_held_for_ever():
    assert "text" in clean("\x1b]" + "x" * 500 + "text")
