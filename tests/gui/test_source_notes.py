from tests.fixtures.cards import card

from octavo.gui.pages.source_notes import requantizing_note


def test_rounding_a_second_time_is_warned_of():
    note = requantizing_note(card(kind="Q5_0"))

    assert "quantized already (Q5_0)" in note
    assert "original weights" in note


def test_whole_weights_need_no_warning():
    assert requantizing_note(card(kind="BF16")) == ""
    assert requantizing_note(None) == ""


def test_the_convert_page_is_silent_about_a_source_in_full_precision(joined):
    joined.window.show_named("Convert")

    assert not joined.convert._note.isVisible()
