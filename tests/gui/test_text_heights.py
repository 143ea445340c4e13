"""The height of a text is that at the width asked for, whatever width it had before it was shown."""

import pytest

from octavo.gui.markdown.pieces import Code
from octavo.gui.widgets.code_card import CodeCard
from octavo.gui.widgets.message_view import ShownMessage
from octavo.gui.widgets.question_view import QuestionView

QUESTION = "Write a Python function that reverses a string. Explain it in one sentence."


def question(qtbot):
    made = QuestionView(ShownMessage(1, "user", QUESTION))
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize("is_shown", [False, True])
def test_a_question_that_was_narrow_before_is_as_high_as_one_that_was_not(qtbot, is_shown):
    fresh, view = question(qtbot), question(qtbot)
    view.setVisible(is_shown)

    narrow = view.fit(584)
    wide = view.fit(727)

    assert wide < narrow
    assert wide == fresh.fit(727)


def test_code_that_was_narrow_before_is_as_high_as_code_that_was_not(qtbot):
    cards = [CodeCard(), CodeCard()]
    for card in cards:
        qtbot.addWidget(card)
        card.show_code(Code("x = " + " + ".join(["value"] * 12), "python"), is_closed=True)
        card.view.wrap(True)
    view, fresh = (card.view for card in cards)
    narrow = view.fit(200)
    view.setGeometry(0, 0, 200, narrow)

    wide = view.fit(700)

    assert wide < narrow
    assert wide == fresh.fit(700)
