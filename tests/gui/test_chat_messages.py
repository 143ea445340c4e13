import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from tests.gui.chatting import said

from octavo.engine.errors import OctavoError
from octavo.gui.theme.apply import apply_theme
from octavo.gui.theme.tokens import DARK
from octavo.gui.widgets.attached_file import MOST_BYTES, AttachedFile, read_attachment
from octavo.gui.widgets.message_list import MessageList
from octavo.gui.widgets.message_view import ShownMessage
from octavo.gui.widgets.question_view import QuestionView


def shown_list(qtbot, messages):
    made = MessageList()
    qtbot.addWidget(made)
    made.resize(800, 500)
    made.show()
    made.show_messages(messages)
    return made


def test_an_edited_question_is_asked_anew_beside_the_old_one(joined, answered, qtbot):
    view = answered.panel.messages.view(0)
    view.begin_edit()
    view.editor.edit.setPlainText("Other words")
    with qtbot.waitSignal(joined.desk.answered):
        QTest.keyClick(view.editor.edit, Qt.Key.Key_Return)

    assert said(joined) == ["Other words", "Other words"]
    question = answered.panel.messages.messages[0]
    assert (question.branch, question.n_branches) == (2, 2)
    answered.panel.messages.view(0).tools.older.click()
    assert said(joined) == ["First words", "First words"]


def test_escape_leaves_an_edited_message_as_it_was(joined, answered):
    view = answered.panel.messages.view(0)
    view.begin_edit()
    QTest.keyClick(view.editor.edit, Qt.Key.Key_Escape)

    assert view.editor is None
    assert said(joined) == ["First words", "First words"]


def test_a_stopped_answer_goes_on(joined, chat_page, qtbot):
    panel = chat_page.panel
    with qtbot.waitSignal(joined.desk.grew):
        panel.composer.sent.emit("wait")
    with qtbot.waitSignal(joined.desk.answered):
        panel.stop()
    view = panel.messages.view(1)
    assert not view.tools.go_on.isHidden()

    with qtbot.waitSignal(joined.desk.grew):
        view.tools.go_on.click()
    with qtbot.waitSignal(joined.desk.answered):
        panel.stop()

    assert said(joined) == ["wait", "half an answerhalf an answer"]


def test_find_lights_every_place_and_steps_through_them(joined, answered):
    panel = answered.panel
    panel.find_bar.open()
    panel.find_bar.field.setText("words")

    assert panel.finding.n_places == 2
    assert panel.find_bar._told.text() == "2 of 2"
    assert [len(each.extraSelections()) for each in panel.messages.texts] == [1, 1]
    panel.finding.step(1)
    assert panel.find_bar._told.text() == "1 of 2"
    panel.find_bar.close_search()
    assert [len(each.extraSelections()) for each in panel.messages.texts] == [0, 0]


def test_find_leads_to_places_far_from_the_view(joined, answered, qtbot):
    panel = answered.panel
    texts = [f"{'needle' if number == 3 else 'word'} {'more words ' * 200}" for number in range(60)]
    panel.messages.show_messages(
        [ShownMessage(number, "assistant", text) for number, text in enumerate(texts)]
    )
    panel.find_bar.open()

    panel.find_bar.field.setText("needle")

    part = panel.messages.view(3).texts[0]
    begin = part.cursorRect(QTextCursor(part.document())).topLeft()
    place = part.mapTo(panel.messages.viewport(), begin)
    assert panel.messages.viewport().rect().contains(place)
    assert [len(each.extraSelections()) for each in panel.messages.view(3).texts] == [1]


def test_find_follows_a_message_that_changes(joined, answered):
    panel = answered.panel
    panel.find_bar.open()
    panel.find_bar.field.setText("ne*w")
    assert panel.finding.n_places == 0

    panel.messages.show_messages([ShownMessage(1, "assistant", "a ne*w one, **new** and new")])
    panel.finding.find("new")
    assert panel.finding.n_places == 3
    panel.messages.show_messages([ShownMessage(1, "assistant", "an old one")])
    panel.finding.find("new")

    assert panel.finding.n_places == 0


def test_search_finds_a_chat_by_its_words_and_opens_it(joined, answered, qtbot):
    answered.begin_new()
    answered.chats.field.setText("first")
    qtbot.waitUntil(lambda: answered.chats.entries.titles[0].endswith("found"))
    answered.chats.entries.setCurrentRow(1)
    QTest.keyClick(answered.chats.entries, Qt.Key.Key_Return)

    assert said(joined) == ["First words", "First words"]


def test_a_deleted_chat_comes_back_from_the_trash(joined, answered):
    answered._delete()
    answered.chats._trash.click()
    assert "First words" in answered.chats.entries.titles

    answered.chats.entries.setCurrentRow(1)
    QTest.keyClick(answered.chats.entries, Qt.Key.Key_Return)

    assert said(joined) == ["First words", "First words"]
    assert not answered.chats.is_trash


def test_a_preset_is_kept_and_used(joined, chat_page):
    options = chat_page.panel.options
    options.popover._temperature.setValue(0.2)
    options.popover.preset_kept.emit("Careful")
    options.popover._temperature.setValue(1.5)

    options.popover.preset_chosen.emit("Careful")

    assert options.settings.temperature == 0.2


def test_a_text_file_goes_with_the_message(joined, chat_page, qtbot, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("one\n```\ntwo\n```\n", "utf-8")
    chat_page.panel.files.take([path])
    with qtbot.waitSignal(joined.desk.answered):
        chat_page.panel.composer._send_text()

    assert said(joined)[0] == "notes.txt\n````txt\none\n```\ntwo\n```\n````"
    assert chat_page.panel.composer.files == []


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe", "UTF-8"), (b"a\0b", "no text"), (b"x" * (MOST_BYTES + 1), "larger")],
)
def test_what_is_no_small_text_is_refused_in_a_sentence(tmp_path, content, words):
    path = tmp_path / "file.bin"
    path.write_bytes(content)

    with pytest.raises(OctavoError, match=words):
        read_attachment(path)


def test_a_file_dropped_on_the_field_is_not_written_out_as_an_address(chat_page):
    dropped = QMimeData()
    dropped.setUrls([QUrl("file:///tmp/a.txt")])

    assert not chat_page.panel.composer.edit.canInsertFromMimeData(dropped)


def test_a_bubble_is_as_wide_as_its_words(qtbot):
    made = shown_list(qtbot, [ShownMessage(1, "user", "Quite a few words in one line")])
    view = made.view(0)

    assert isinstance(view, QuestionView)
    assert view._text.document().begin().layout().lineCount() == 1


def test_a_selection_goes_on_from_one_message_into_the_next(qtbot):
    made = shown_list(qtbot, [ShownMessage(1, "user", "One two"), ShownMessage(2, "assistant", "Three four")])
    first, second = made.texts
    QTest.mousePress(first.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    made._selection._drag(second.viewport().mapToGlobal(second.viewport().rect().bottomRight()))

    assert made._selection.text == "One two\n\nThree four"
    QTest.keyClick(first, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "One two\n\nThree four"


def test_the_view_stays_where_it_was_while_an_answer_grows(qtbot):
    many = [ShownMessage(n, "user", "words " * 200) for n in range(20)]
    made = shown_list(qtbot, many)
    made.begin_answer(ShownMessage(99, "assistant", ""))
    bar = made.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = bar.value()

    made.grow_answer("More\n\n" * 50)
    made._growing.draw_now()
    made._place()

    assert bar.value() == before
    made.jump_to_latest()
    made.grow_answer("More\n\n" * 50)
    made._growing.draw_now()
    made._place()
    assert bar.value() == bar.maximum()


def test_the_source_of_an_answer_can_be_seen(qtbot):
    made = shown_list(qtbot, [ShownMessage(1, "assistant", "Some **bold** words")])
    view = made.view(0)
    view.tools.raw.click()

    assert [each.toPlainText() for each in view.texts] == ["Some **bold** words"]


def test_messages_that_will_not_be_sent_are_pale(qtbot):
    made = shown_list(qtbot, [ShownMessage(1, "user", "Old"), ShownMessage(2, "user", "New")])
    made.show_unsent({1})

    assert made.view(0).graphicsEffect() is not None
    assert made.view(1).graphicsEffect() is None


def test_an_attached_file_closes_no_fence_early():
    assert AttachedFile("a.py", "````\nx").as_markdown == "a.py\n`````py\n````\nx\n`````"


def test_a_question_takes_the_colours_of_another_theme(qapp, qtbot):
    made = shown_list(qtbot, [ShownMessage(1, "user", "Words")])
    try:
        apply_theme(qapp, "dark")
        qapp.processEvents()
        cursor = QTextCursor(made.texts[0].document())
        cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
        assert cursor.charFormat().foreground().color().name().upper() == DARK.text
    finally:
        apply_theme(qapp, "light")
