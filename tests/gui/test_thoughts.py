import random

import pytest

from octavo.gui.markdown.thoughts import ThoughtSplitter
from octavo.gui.widgets.answer_message import AnswerMessage
from octavo.gui.widgets.message_view import ShownMessage
from octavo.gui.widgets.prose_view import ProseView


def split(text, chance=None):
    splitter, parts, place = ThoughtSplitter(), [], 0
    while place < len(text):
        step = chance.randint(1, 4) if chance else len(text)
        parts.append(splitter.feed(text[place : place + step]))
        place += step
    parts.append(splitter.flush())
    return "".join(thought for thought, _ in parts), "".join(answer for _, answer in parts)


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("An answer.", "", "An answer."),
        ("<think>Well.</think>\n\nYes.", "Well.", "Yes."),
        ("\n<think>\nWell.\n</think>Yes.", "\nWell.\n", "Yes."),
        ("<think>never ends", "never ends", ""),
        ("<think>a </thin b</think>c", "a </thin b", "c"),
        ("<thin air>", "", "<thin air>"),
        ("<th", "", "<th"),
        ("Say <think> later", "", "Say <think> later"),
    ],
)
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_a_thought_is_told_from_the_answer(text, thought, answer, seed):
    assert split(text, random.Random(seed) if seed else None) == (thought, answer)


def test_thoughts_are_folded_and_open_with_a_click(qtbot):
    view = AnswerMessage(ShownMessage(1, "assistant", "<think>Hmm.</think>\n\nYes."))
    qtbot.addWidget(view)
    view.show()
    assert [each.toPlainText() for each in view.findChildren(ProseView)] == ["Yes."]

    view._thought._toggle.click()

    assert {each.toPlainText() for each in view.findChildren(ProseView)} == {"Hmm.", "Yes."}


def test_copying_takes_the_thoughts_too(qtbot):
    view = AnswerMessage(ShownMessage(1, "assistant", "<think>Hmm.</think>\n\nYes."))
    qtbot.addWidget(view)

    assert view.source == "<think>Hmm.</think>\n\nYes."


def test_a_growing_thought_is_not_shown_as_an_answer(qtbot):
    view = AnswerMessage(ShownMessage(1, "assistant", ""))
    qtbot.addWidget(view)
    view.show()
    view.begin()
    view.grow("<think>Let me see")
    view._draw()

    assert view._thought.isVisible()
    assert view._thought._toggle.accessibleName() == "Show the thoughts: Thinking…"
    assert view.findChildren(ProseView) == []
