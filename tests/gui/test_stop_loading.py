"""Loading a model is stopped at once, and the engine lives on."""

import pytest
from tests.gui.chatting import SMALL

from octavo.gui.chat_desk import ChatDesk, Question
from octavo.worker.protocol import Load, Progressed

ENDLESS = Load(path="/models/endless.gguf")


@pytest.fixture
def desk(qtbot, engine, monkeypatch):
    # A busy machine may take longer than the usual grace to do as it is told.
    monkeypatch.setattr("octavo.gui.chat_desk.GRACE_MS", 60_000)
    made = ChatDesk(command=engine)
    yield made
    made.close()


@pytest.fixture
def loading(desk, qtbot):
    with qtbot.waitSignal(desk.progressed):
        desk.load(ENDLESS)
    return desk


def test_the_engine_lives_and_takes_the_next_model(loading, qtbot):
    child = loading._engine._process.processId()

    loading.stop_loading()
    qtbot.waitUntil(lambda: not loading._engine.is_busy)
    with qtbot.waitSignal(loading.loaded):
        loading.load(Load(path=SMALL))

    assert loading._engine._process.processId() == child


def test_the_model_that_is_being_loaded_is_not_begun_anew(loading):
    under_way = loading._loading

    loading.load(ENDLESS)

    assert loading._loading is under_way


def test_a_question_after_a_stop_is_not_lost_with_the_one_before(desk, qtbot):
    waiting = Question([{"role": "user", "content": "wait"}])
    with qtbot.waitSignal(desk.loaded):
        desk.load(Load(path=SMALL))
    desk._patience.setInterval(60_000)
    with qtbot.waitSignal(desk.grew):
        desk.ask(waiting)
    with qtbot.waitSignal(desk.answered):
        desk.stop()
    desk.ask(waiting)

    desk._lose_patience()

    assert desk.is_answering


def test_it_is_not_told_as_a_failure(loading, qtbot):
    told = []
    loading.failed.connect(told.append)

    loading.stop_loading()
    qtbot.waitUntil(lambda: not loading._engine.is_busy)

    assert (loading.state, told) == ("empty", [])


def test_what_the_engine_tells_late_is_not_shown(loading):
    told = []
    loading.progressed.connect(told.append)

    loading.stop_loading()
    loading._leaving.progressed.emit(Progressed(stage="load", done=1, total=2))

    assert told == []


def test_the_next_model_does_not_wait_for_one_that_is_being_left(loading, qtbot):
    loading.stop_loading()

    with qtbot.waitSignal(loading.loaded):
        loading.load(Load(path=SMALL))

    assert (loading.state, loading.path) == ("ready", SMALL)


def test_a_question_begins_the_loading_anew(loading, qtbot):
    loading.stop_loading()
    qtbot.waitUntil(lambda: not loading._engine.is_busy)

    with qtbot.waitSignal(loading.progressed):
        loading.ask(Question([{"role": "user", "content": "hello"}]))

    assert loading.state == "loading"
    assert loading.is_answering


def test_stop_ends_the_question_and_the_loading(joined, qtbot):
    panel = joined.chat.panel
    joined.window.show_named("Chat")
    with qtbot.waitSignal(joined.desk.progressed):
        panel.chat_with(ENDLESS.path)
    panel.composer.sent.emit("hello")

    joined.window.stop_asked.emit()

    assert joined.desk.state == "empty"
    assert not joined.desk.is_answering
    assert joined.conversation.branch[-1].finish == "cancelled"
    assert panel.status._tokens.text() == "Stopped"


def test_leaving_a_chat_lets_its_model_load(joined, qtbot):
    with qtbot.waitSignal(joined.desk.progressed):
        joined.chat.panel.chat_with(ENDLESS.path)

    joined.chat.begin_new()

    assert joined.desk.state == "loading"


def test_no_model_is_not_loaded(joined):
    joined.chat.panel.chat_with("")

    assert joined.desk.state == "empty"
