from tests.gui.chatting import SMALL, said

from octavo.gui.widgets.attached_file import AttachedFile
from octavo.gui.widgets.template_dialog import TemplateDialog


def test_a_file_tells_what_it_costs_before_it_is_sent(chat_page, qtbot):
    chat_page.panel.composer.attach([AttachedFile("notes.txt", "one two three")])
    (chip,) = chat_page.panel.composer.chips

    qtbot.waitUntil(lambda: "tokens" in chip.accessibleName())

    assert chip.accessibleName() == "Attached: notes.txt, 6 tokens"


def test_a_template_that_refuses_makes_way_for_the_built_in_one(joined, chat_page, qtbot):
    with qtbot.waitSignal(joined.desk.failed):
        chat_page.panel.composer.sent.emit("refuse")
    assert chat_page.panel.problem.primary.text() == "Use the built-in template"

    with qtbot.waitSignal(joined.desk.answered):
        chat_page.panel.problem.primary.click()

    assert chat_page.panel.options.settings.template == "{{ plain }}"
    assert said(joined) == ["refuse", "refuse"]


def test_an_odd_template_is_told_of_once(joined, chat_page, qtbot):
    told = []
    for _ in range(2):
        with qtbot.waitSignal(joined.desk.loaded):
            chat_page.panel.chat_with("/models/odd.gguf")
        told.append(chat_page.panel.notice.text)
        chat_page.panel.notice.hide()
        with qtbot.waitSignal(joined.desk.loaded):
            chat_page.panel.chat_with(SMALL)

    assert told == ["The template contains a web address.", ""]


def test_the_dialog_shows_the_model_s_template_and_keeps_another_with_the_chat(joined, answered):
    answered.panel.options.show_template()
    dialog = answered.findChild(TemplateDialog)
    assert dialog.edit.toPlainText() == "{{ messages }}"

    dialog.edit.setPlainText("{{ mine }}")
    dialog.use.click()

    assert joined.conversation.store.chat(joined.conversation.chat.id).settings.template == "{{ mine }}"


def test_the_template_dialog_shows_what_cannot_be_seen_and_leaves_it(qtbot):
    models = "{{ a\u200b }}"
    dialog = TemplateDialog(None, "", models, findings=["The template contains invisible characters."])
    qtbot.addWidget(dialog)
    assert dialog.edit.toPlainText() == "{{ a[U+200B] }}"

    dialog.edit.appendPlainText("more")

    assert dialog.source == models + "\nmore"
    dialog.back.click()
    assert dialog.source == models


def test_options_are_written_when_their_popover_closes(joined, answered):
    popover = answered.panel.options.popover
    answered.panel.open_options()
    popover._temperature.setValue(1.5)
    assert joined.conversation.store.chat(joined.conversation.chat.id).settings is None

    popover.close()

    assert joined.conversation.store.chat(joined.conversation.chat.id).settings.temperature == 1.5
