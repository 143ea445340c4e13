"""The keyboard stays in the chat when what had it goes away."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.gui.chatting import ask, chat_with_small
from tests.gui.converting import call_it, card

from octavo.gui.widgets.button import Button
from octavo.gui.widgets.job_card import JobCard


@pytest.fixture
def panel(joined, qtbot):
    joined.window.show()
    joined.window.activateWindow()
    page = chat_with_small(joined, qtbot)
    ask(joined, qtbot, "hello")
    return page.panel


def has_focus(widget):
    return QApplication.focusWidget() is widget


def test_leaving_an_edit_leads_back_to_the_composer(panel):
    panel.messages.view(0).begin_edit()

    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)

    assert has_focus(panel.composer.edit)


def test_another_chat_opened_during_an_edit_is_typed_into(joined, panel, qtbot):
    first = joined.conversation.chat.id
    joined.chat.begin_new()
    ask(joined, qtbot, "another")
    panel.messages.view(0).begin_edit()

    joined.chat.open_chat(first)

    assert has_focus(panel.composer.edit)


def test_a_notice_that_was_answered_does_not_lead_elsewhere(panel):
    panel.notice.tell("Something", "Undo", list)
    panel.notice.action.setFocus()

    QTest.keyClick(panel.notice.action, Qt.Key.Key_Space)

    assert has_focus(panel.composer.edit)


def test_another_page_keeps_the_keyboard(joined, panel):
    panel.composer.edit.setFocus()

    joined.window.show_named("Models")

    assert not has_focus(panel.composer.edit)


def test_a_page_that_is_shown_lights_up_what_is_read_first(joined):
    joined.window.activateWindow()
    joined.models._search.setFocus()

    joined.window.show_named("Convert")

    assert QApplication.focusWidget().accessibleName() == "Change the source"


def test_a_conversion_that_ends_does_not_lead_to_another_page(joined, convert_page, qtbot):
    joined.window.activateWindow()
    panel = convert_page.prospect.panel
    call_it(panel, "slow.gguf")
    panel.convert.click()
    cancel = card(convert_page, JobCard).findChild(Button)
    cancel.setFocus()

    cancel.click()
    qtbot.waitUntil(lambda: card(convert_page, JobCard) is None)

    assert has_focus(convert_page)


def test_a_page_that_was_left_is_come_back_to(joined, panel):
    joined.window.show_named("Models")
    joined.models._add.setFocus()
    joined.window.show_named("Fit")

    joined.window.show_named("Models")

    assert has_focus(joined.models._add)
