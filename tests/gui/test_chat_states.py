"""What the chat page shows at its ends: nothing yet, cut off, found, helped."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.gui.chatting import SMALL, ask

from octavo.gui.conversation import Conversation
from octavo.gui.theme.apply import apply_theme
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.empty_chat import EXAMPLES
from octavo.gui.widgets.shortcuts_dialog import ShortcutsDialog
from octavo.store.chats import ChatStore


@pytest.fixture
def cut_off():
    """A chat whose answer the end of the program has cut off."""
    with ChatStore() as store:
        chat = store.new_chat("A story", SMALL)
        asked = store.add_message(chat.id, "user", "Tell me")
        store.add_message(chat.id, "assistant", "Once upon", parent_id=asked.id)
    return chat.id


def test_an_empty_chat_offers_a_model_then_questions(joined, qtbot):
    joined.window.show_named("Chat")
    empty = joined.chat.panel.empty
    joined.chat.panel.model.path = ""
    joined.chat.panel.model._show()
    assert empty.choose.isVisible()
    assert not empty.examples[0].isVisible()

    with qtbot.waitSignal(joined.desk.loaded):
        joined.chat.panel.chat_with(SMALL)
    assert not empty.choose.isVisible()
    empty.examples[1].click()

    assert joined.chat.panel.composer.text == EXAMPLES[1]
    assert joined.chat.panel.composer.edit.hasFocus() or not joined.window.isActiveWindow()


def test_the_invitation_goes_with_the_first_question(joined, chat_page, qtbot):
    assert chat_page.panel.empty.isVisible()
    ask(joined, qtbot, "Hello")

    assert chat_page.panel.messages.isVisible()
    assert not chat_page.panel.empty.isVisible()
    chat_page.begin_new()
    assert chat_page.panel.empty.isVisible()


@pytest.mark.parametrize("key", ["Ctrl+/", "F1"])
def test_the_shortcuts_are_listed_on_every_page(joined, qtbot, key):
    for name in ("Models", "Settings", "Chat"):
        joined.window.show_named(name)
        if key == "F1":
            QTest.keyClick(joined.window, Qt.Key.Key_F1)
        else:
            QTest.keyClick(joined.window, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)

        (dialog,) = joined.window.findChildren(ShortcutsDialog)
        dialog.accept()
        QApplication.sendPostedEvents(dialog, 52)  # deferred deletion


def test_marks_of_the_search_survive_a_change_of_theme(qapp, joined, chat_page, qtbot):
    ask(joined, qtbot, "needle and needle")
    chat_page.panel.find_bar.open()
    chat_page.panel.find_bar.field.setText("needle")

    joined.window.wear(apply_theme(qapp, "dark"))

    def lit():
        view = chat_page.panel.messages.view(1)
        return [each.format.background().color() for part in view.texts for each in part.extraSelections()]

    qtbot.waitUntil(lambda: lit() == [colour("accent_soft"), colour("accent")])
    joined.window.wear(apply_theme(qapp, "light"))


def test_a_place_within_thoughts_is_unfolded(joined, chat_page, qtbot):
    ask(joined, qtbot, "<think>\nneedle\n</think>\nanswer")
    view = chat_page.panel.messages.view(1)
    n_before = len(view.texts)

    chat_page.panel.find_bar.open()
    chat_page.panel.find_bar.field.setText("needle")

    assert len(view.texts) == n_before + 1


def test_an_answer_that_was_cut_off_is_offered_at_the_start_and_continued(cut_off, joined, qtbot):
    panel = joined.chat.panel
    joined.window.show_named("Chat")
    assert "“A story” was cut off" in panel.notice.text

    panel.notice.action.click()
    assert joined.conversation.chat.id == cut_off
    assert "cut off" in panel.notice.text
    with qtbot.waitSignal(joined.desk.answered):
        panel.notice.action.click()

    _, answer = joined.conversation.branch
    assert answer.text.startswith("Once upon")
    assert answer.finish == "stop"


def test_interrupted_chats_are_known_newest_first(cut_off):
    with ChatStore() as store:
        newer = store.new_chat("Newer")
        store.add_message(newer.id, "assistant", "")
        talk = Conversation(store)
        assert talk.interrupted == [newer.id, cut_off]
        assert Conversation(store).interrupted == []


def test_after_a_crash_the_answer_is_continued(joined, chat_page, qtbot):
    with qtbot.waitSignal(joined.desk.grew):
        chat_page.panel.composer.sent.emit("wait")
    with qtbot.waitSignal(joined.desk.failed):
        joined.desk._engine._process.kill()
    assert chat_page.panel.problem.primary.text() == "Restart and continue"
    before = joined.conversation.branch[-1]

    with qtbot.waitSignal(joined.desk.grew):
        chat_page.panel.problem.primary.click()

    assert joined.conversation.branch[-1].id == before.id
    with qtbot.waitSignal(joined.desk.answered):
        joined.desk.stop()
    assert joined.conversation.branch[-1].text.startswith(before.text)


def test_an_engine_that_does_not_stop_is_not_waited_for(joined, chat_page, qtbot):
    with qtbot.waitSignal(joined.desk.grew):
        chat_page.panel.composer.sent.emit("stubborn")

    with qtbot.waitSignal(joined.desk.failed) as stopped:
        chat_page.panel.stop()

    assert stopped.args[0].kind == "cancelled"
    assert joined.desk._engine.is_busy
    assert joined.conversation.branch[-1].finish == "cancelled"
    assert joined.conversation.branch[-1].text == "half an answer"


def test_escape_ends_the_search_and_not_the_answer(joined, chat_page, qtbot):
    with qtbot.waitSignal(joined.desk.grew):
        chat_page.panel.composer.sent.emit("wait")
    joined.window.activateWindow()
    chat_page.chats.field.setFocus()
    chat_page.chats.field.setText("words")

    QTest.keyClick(chat_page.chats.field, Qt.Key.Key_Escape)

    assert chat_page.chats.field.text() == ""
    assert joined.desk.is_answering
    with qtbot.waitSignal(joined.desk.answered):
        joined.desk.stop()


def test_a_chat_is_answered_by_its_own_model_where_none_is_chosen(cut_off, joined, qtbot):
    joined.window.show_named("Chat")
    joined.conversation.open(cut_off)
    joined.chat._show_conversation()
    joined.chat.panel.model.path = ""

    with qtbot.waitSignal(joined.desk.answered):
        joined.chat.panel.turns.ask_last_again()

    assert joined.desk.path == SMALL


def test_figures_stand_at_the_edge_while_no_buttons_are_drawn(joined, chat_page, qtbot):
    ask(joined, qtbot, "one")
    ask(joined, qtbot, "two")
    first, last = (chat_page.panel.messages.view(number).tools for number in (1, 3))

    assert first._quiet_footer.isVisible()
    assert not first.footer.isVisible()
    assert last.footer.isVisible()
    first.light(True)
    assert first.footer.isVisible()
    assert not first._quiet_footer.isVisible()
