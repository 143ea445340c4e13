from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.gui.chatting import ask, said


def test_a_chat_is_exported_and_taken_in_again(joined, answered, qtbot, tmp_path):
    target = tmp_path / "chat.json"
    answered.shelf._exported = joined.conversation.chat.id
    with qtbot.waitSignal(joined.upkeep.exported):
        answered.shelf.write(str(target))

    with qtbot.waitSignal(joined.upkeep.imported):
        answered.shelf.take_in([str(target)])

    assert [each.title for each in joined.conversation.chats()] == ["First words", "First words"]
    assert answered.panel.notice.text == "1 chat was taken in."


def test_a_file_that_holds_no_chats_is_refused(joined, answered, qtbot, tmp_path):
    (tmp_path / "chat.json").write_text("no json")

    with qtbot.waitSignal(joined.upkeep.failed):
        answered.shelf.take_in([str(tmp_path / "chat.json")])

    assert "no JSON file" in answered.panel.problem.text
    assert answered.panel.notice.text == ""


def test_the_emptied_trash_is_really_deleted(joined, answered, qtbot):
    answered.panel.header.deletion_asked.emit()
    answered.chats._trash.click()

    with qtbot.waitSignal(joined.upkeep.tidied):
        answered.chats._empty.click()
        assert joined.conversation.store.trash.chats() == []

    assert joined.conversation.store._database.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    assert answered.panel.notice.text == ""


def test_a_message_is_deleted_with_all_below_it_and_brought_back(joined, answered, qtbot):
    ask(joined, qtbot, "Second words")
    before = said(joined)

    answered.panel.messages.view(1).tools.delete.click()

    assert said(joined) == before[:1]
    assert answered.panel.notice.text == "3 messages are in the trash."
    answered.panel.notice.action.click()
    assert said(joined) == before
    assert answered.panel.notice.text == ""


def test_the_only_first_message_takes_its_chat_with_it(joined, answered):
    answered.panel.messages.view(0).tools.delete.click()

    assert joined.conversation.chats() == []
    answered.panel.notice.action.click()
    assert said(joined) == ["First words", "First words"]


def test_a_question_without_an_answer_can_be_answered(joined, answered, qtbot):
    answered.panel.messages.view(1).tools.delete.click()
    again = answered.panel.messages.view(0).tools.again
    assert again.isVisible()

    with qtbot.waitSignal(joined.desk.answered):
        again.click()

    assert said(joined) == ["First words", "First words"]
    assert not answered.panel.messages.view(0).tools.again.isVisible()


def test_nothing_is_changed_while_an_answer_comes(joined, answered, qtbot):
    with qtbot.waitSignal(joined.desk.grew):
        answered.panel.composer.sent.emit("wait")

    answered.panel.messages.view(0).tools.delete.click()

    assert "Stop the answer first" in answered.panel.notice.text
    assert said(joined)[0] == "First words"
    with qtbot.waitSignal(joined.desk.answered):
        joined.desk.stop()


def test_deleted_messages_come_back_from_the_trash(joined, answered, qtbot):
    ask(joined, qtbot, "Second words")
    answered.deletion.delete_message(joined.conversation.branch[2].id)
    answered.chats._trash.click()
    assert answered.chats.entries.titles == ["Kept for 30 days", "Second words"]

    answered.chats.entries.setCurrentRow(1)
    QTest.keyClick(answered.chats.entries, Qt.Key.Key_Return)

    assert said(joined) == ["First words", "First words", "Second words", "Second words"]
    assert not answered.chats.is_trash
    assert joined.conversation.store.trash.messages() == []
