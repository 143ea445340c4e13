import pytest
from PySide6.QtGui import QGuiApplication

from octavo.gui.widgets.attached_file import MOST_BYTES, AttachedFile
from octavo.gui.widgets.composer import MAX_CHARACTERS
from octavo.gui.widgets.file_dialog import FileDialog
from octavo.gui.widgets.message_edit import LONG_PASTE
from octavo.gui.widgets.message_view import MOST_EDITED, ShownMessage
from octavo.gui.widgets.question_view import QuestionView


@pytest.fixture
def composer(joined):
    joined.window.show_named("Chat")
    return joined.chat.panel.composer


def paste(composer, text):
    QGuiApplication.clipboard().setText(text)
    composer.edit.paste()


def test_a_long_pasted_text_goes_beside_the_field(composer):
    paste(composer, "word " * LONG_PASTE)
    paste(composer, "short")

    assert composer.text == "short"
    assert [each.name for each in composer.files] == ["Pasted text"]
    assert composer.message.startswith("Pasted text\n```\nword word")


def test_a_pasted_text_that_is_too_large_is_refused(joined, composer):
    paste(composer, "x" * (MOST_BYTES + 1))

    assert composer.files == []
    assert "larger than" in joined.chat.panel.problem.text


def test_a_message_that_is_too_long_is_kept_and_refused(joined, composer):
    half = AttachedFile("half.txt", "line\n" * (MAX_CHARACTERS // 10))
    composer.attach([half, half])

    composer.edit.send_asked.emit()

    assert composer.files == [half, half]
    assert "1,000,000 can be sent" in joined.chat.panel.problem.text


def test_what_is_sent_of_a_file_can_be_looked_at(joined, composer):
    paste(composer, "word " * LONG_PASTE)

    composer.chips[0]._name.click()

    (dialog,) = joined.chat.findChildren(FileDialog)
    assert dialog.text.toPlainText() == composer.files[0].as_markdown[:100_000]
    dialog.accept()


def test_a_long_question_is_folded_and_unfolds(qtbot):
    text = "\n".join(f"line {number}" for number in range(100))
    view = QuestionView(ShownMessage(1, "user", text))
    qtbot.addWidget(view)
    view.show()
    folded = view.fit(600)
    assert "line 99" not in view.texts[0].toPlainText()

    view._more.click()

    assert view.texts[0].toPlainText() == text
    assert view.fit(600) > 3 * folded
    view._more.click()
    assert view.fit(600) == folded


def test_a_short_question_is_not_folded(qtbot):
    view = QuestionView(ShownMessage(1, "user", "short"))
    qtbot.addWidget(view)

    assert view._more.isHidden()


def test_a_long_text_that_comes_back_goes_beside_the_field(composer):
    composer.write("word " * LONG_PASTE)

    assert composer.text == ""
    assert [each.name for each in composer.files] == ["Pasted text"]


def test_a_text_too_long_for_the_field_is_not_edited(qtbot):
    view = QuestionView(ShownMessage(1, "user", "line\n" * MOST_EDITED))
    qtbot.addWidget(view)

    view.begin_edit()

    assert view.editor is None
    assert view.tools.edit.isHidden()
