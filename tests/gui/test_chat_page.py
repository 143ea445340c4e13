import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from octavo.gui.widgets.answer_message import AnswerMessage
from octavo.gui.widgets.question_view import QuestionView
from octavo.store.chats import ChatStore
from octavo.worker.protocol import Load

SMALL = "/models/small.gguf"


@pytest.fixture
def page(joined):
    joined.window.show_named("Chat")
    return joined.chat


@pytest.fixture
def ready(joined, page, qtbot):
    with qtbot.waitSignal(joined.desk.state_changed, check_params_cb=lambda: joined.desk.state == "ready"):
        page.panel.chat_with(SMALL)
    return page


def ask(page, text):
    QTest.keyClicks(page.panel.composer.edit, text)
    QTest.keyClick(page.panel.composer.edit, Qt.Key.Key_Return)


def answers(page):
    return [each.source for each in page.findChildren(AnswerMessage)]


def test_a_question_is_answered_and_both_are_kept(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.answered):
        ask(ready, "Hello **there**")

    assert answers(ready) == ["Hello **there**"]
    assert ready.findChild(AnswerMessage).texts[0].toPlainText() == "Hello there"
    with ChatStore() as store:
        (chat,) = store.chats()
        question, answer = store.messages(chat.id)
    assert (question.role, question.text) == ("user", "Hello **there**")
    assert (answer.text, answer.finish, answer.stats["tokens_per_second"]) == (
        "Hello **there**",
        "stop",
        12.5,
    )


def test_figures_stand_over_the_composer_until_they_stand_under_the_answer(joined, ready, qtbot):
    status, told = ready.panel.status, []
    joined.desk.grew.connect(lambda *_: told.append(status._tokens.text()))

    with qtbot.waitSignal(joined.desk.answered):
        ask(ready, "one two three")

    assert told[-1].endswith("3 tokens")
    assert (status._speed.text(), status._tokens.text()) == ("", "")
    assert "12 tok/s" in ready.panel.messages.view(1).tools.footer.text()
    assert status.meter.text() == "Context 42 of 4,096"


def test_a_question_waits_for_its_model(joined, page, qtbot):
    page.panel.chat_with(SMALL)

    with qtbot.waitSignal(joined.desk.answered):
        ask(page, "early")

    assert answers(page) == ["early"]


def test_without_a_model_the_question_stays_in_the_field(joined, page):
    joined.workspace.show_library([])
    page.panel.model.path = ""
    ask(page, "to whom?")

    assert page.panel.composer.text == "to whom?"
    assert "No model" in page.panel.problem.text


def test_the_question_is_on_the_disk_before_the_answer(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.grew):
        ask(ready, "wait")

    with ChatStore() as store:
        assert store.messages(store.chats()[0].id)[0].text == "wait"
    with qtbot.waitSignal(joined.desk.answered):
        joined.desk.stop()


def test_escape_stops_and_keeps_what_came(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.grew):
        ask(ready, "wait")

    with qtbot.waitSignal(joined.desk.answered):
        QTest.keyClick(joined.window, Qt.Key.Key_Escape)

    (message,) = [each for each in joined.conversation.branch if each.role == "assistant"]
    assert (message.text, message.finish) == ("half an answer", "cancelled")
    assert not joined.desk.is_answering


def test_a_crash_is_told_and_one_click_repeats_the_question(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.failed):
        ask(ready, "die")
    problem = ready.panel.problem
    assert problem.isVisible()
    assert "memory ran out" in problem.text
    assert "chat is saved" in problem.text
    assert problem.primary.accessibleName() == "Restart the engine"

    with qtbot.waitSignal(joined.desk.failed):
        problem.primary.click()

    assert [each.finish for each in joined.conversation.branch if each.role == "assistant"] == ["failed"]
    assert len(joined.conversation.siblings(joined.conversation.branch[-1])) == 2


def test_after_a_crash_another_question_is_answered(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.failed):
        ask(ready, "die")

    with qtbot.waitSignal(joined.desk.answered):
        ask(ready, "still there?")

    assert answers(ready)[-1] == "still there?"


def test_too_little_memory_offers_a_shorter_context(joined, page, qtbot):
    page.panel.model.path = "/models/huge.gguf"
    with qtbot.waitSignal(joined.desk.failed):
        joined.desk.load(Load(path="/models/huge.gguf", context_tokens=8192))
    assert page.panel.problem.primary.accessibleName() == "Restart with 4K context"

    with qtbot.waitSignal(joined.desk.state_changed, check_params_cb=lambda: joined.desk.state == "ready"):
        page.panel.problem.primary.click()

    assert joined.desk.report.context_tokens == 4096


def test_answering_again_keeps_the_first_answer(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.answered):
        ask(ready, "Twice")
    with qtbot.waitSignal(joined.desk.answered):
        ready.findChild(AnswerMessage).again_asked.emit(joined.conversation.branch[-1].id)

    assert len(joined.conversation.siblings(joined.conversation.branch[-1])) == 2
    assert len(joined.conversation.branch) == 2


def test_chats_are_listed_and_can_be_opened_again(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.answered):
        ask(ready, "First chat")
    ready.begin_new()
    with qtbot.waitSignal(joined.desk.answered):
        ask(ready, "Second chat")

    assert ready.chats.entries.titles == ["Today", "Second chat", "First chat"]
    ready.chats.entries.setCurrentRow(2)
    QTest.keyClick(ready.chats.entries, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: answers(ready) == ["First chat"])


def test_a_deleted_chat_can_be_brought_back(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.answered):
        ask(ready, "Keep me")
    ready.panel.header.deletion_asked.emit()
    assert joined.conversation.chats() == []

    ready.panel.notice.action.click()

    assert [each.title for each in joined.conversation.chats()] == ["Keep me"]
    assert len(joined.conversation.branch) == 2


def test_the_system_prompt_goes_with_the_question(joined, ready):
    joined.conversation.add_question("Hi", SMALL, "Be brief.")

    assert joined.conversation.messages_for_engine("Be brief.") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]


def test_of_a_thousand_messages_only_those_near_the_view_exist(joined, ready, qtbot):
    store = joined.conversation._store
    chat, parent = store.new_chat("Long"), None
    with store._database:
        for number in range(60):
            role = "assistant" if number % 2 else "user"
            text = f"Message {number} " + "with words " * 60
            parent = store.add_message(chat.id, role, text, parent_id=parent, finish="stop").id

    ready.open_chat(chat.id)
    messages = ready.panel.messages
    qtbot.waitUntil(lambda: messages.n_filled > 0)

    assert messages.n_filled < 30
    assert messages.verticalScrollBar().value() == messages.verticalScrollBar().maximum()
    assert ready.findChildren(QuestionView)


def test_tokens_are_counted_while_typing(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.counted) as caught:
        QTest.keyClicks(ready.panel.composer.edit, "one two three")

    assert caught.args == [3]
    assert ready.panel.status.meter.text() == "Context 3 of 4,096"


def test_another_model_ends_the_answer_of_the_one_before(joined, ready, qtbot):
    with qtbot.waitSignal(joined.desk.grew):
        ask(ready, "stubborn")

    with qtbot.waitSignal(joined.desk.state_changed, check_params_cb=lambda: joined.desk.state == "ready"):
        ready.panel.chat_with("/models/folder")

    assert not joined.desk.is_answering
    assert joined.conversation.branch[-1].finish == "cancelled"
    with qtbot.waitSignal(joined.desk.answered):
        ask(ready, "Anew")
