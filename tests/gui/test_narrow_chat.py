"""The chat in a small window: less margin, and figures that are cut with … instead of anywhere."""

import pytest
from PySide6.QtCore import QPoint
from tests.gui.chatting import ask, chat_with_small

from octavo.gui.pages.chat_words import footer
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.message_list import side_of
from octavo.store.chats import ChatMessage


@pytest.fixture
def narrow(joined, qtbot):
    joined.window.resize(960, 600)
    joined.window.show()
    page = chat_with_small(joined, qtbot)
    ask(joined, qtbot, "hello")
    return page.panel


def left_of(widget, panel):
    return widget.mapTo(panel, QPoint(0, 0)).x()


@pytest.mark.parametrize(("width", "side"), [(960, 28), (1280, 64)])
def test_messages_and_composer_share_their_edge(joined, narrow, qtbot, width, side):
    joined.window.resize(width, 600)

    qtbot.waitUntil(lambda: left_of(narrow.composer, narrow) == side)
    assert left_of(narrow.messages.view(1), narrow) == side


def test_all_of_what_is_cut_is_in_its_tip(joined, narrow):
    footer, memory = narrow.messages.view(1).tools.footer, narrow.status.findChildren(Label)[2]

    assert "tok/s" in footer.toolTip()
    assert memory.toolTip().startswith("Memory predicted")
    assert footer.geometry().right() <= narrow.messages.view(1).width()


def test_how_an_answer_ended_is_told_before_what_may_be_cut():
    stats = {"tokens_per_second": 9.0, "n_tokens": 20, "first_token_seconds": 2.0, "n_dropped": 4}
    answer = ChatMessage(2, 1, 1, "assistant", "so", 0.0, "length", stats)

    assert footer(answer) == (
        "9.0 tok/s · 20 tokens · cut at the limit of tokens · 4 oldest messages left out · first word after 2.0 s"
    )


def test_lines_of_a_wide_chat_stay_short_enough_to_read():
    assert side_of(700) == 28
    assert side_of(850) == 64
    assert 2500 - 2 * side_of(2500) == 760
