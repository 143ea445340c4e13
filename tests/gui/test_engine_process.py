import sys

import pytest

from octavo.gui.engine_process import LOG_BYTES, EngineProcess
from octavo.worker.protocol import Cancel, Chat, Inspect, ListModels, Load


@pytest.fixture
def child(qtbot, engine):
    # A busy machine may take longer than the usual grace to do as it is told.
    made = EngineProcess(command=engine, grace_ms=60_000)
    yield made
    made.close()


def asked(text):
    return Chat(messages=[{"role": "user", "content": text}])


def test_a_request_is_answered_with_progress_pieces_and_an_end(qtbot, child):
    call = child.ask(asked("some words here"))
    shares, pieces, replies = [], [], []
    call.progressed.connect(lambda event: shares.append((event.stage, event.done, event.total)))
    call.piece.connect(lambda text, n_tokens: pieces.append((text, n_tokens)))
    call.replied.connect(replies.append)

    with qtbot.waitSignal(call.done):
        pass

    assert shares == [("prefill", 5, 10)]
    assert pieces == [("some", 1), (" words", 2), (" here", 3)]
    assert replies[0].finish == "stop"
    assert not child.is_busy


def test_several_requests_each_get_their_own_answer(qtbot, child):
    first, second = child.ask(Inspect(path="/m/first.gguf")), child.ask(Inspect(path="/m/second.gguf"))
    names = []
    first.done.connect(lambda card: names.append(("first", card["name"])))
    second.done.connect(lambda card: names.append(("second", card["name"])))

    with qtbot.waitSignals([first.done, second.done]):
        pass

    assert names == [("first", "First"), ("second", "Second")]


def test_a_refusal_is_a_failure_with_its_sentence(qtbot, child):
    call = child.ask(Inspect(path="/m/refused.gguf"))

    with qtbot.waitSignal(call.failed) as caught:
        pass

    assert (caught.args[0].kind, caught.args[0].message) == ("unreadable_model", "This is no model.")
    assert child.is_running


def test_a_crash_is_told_in_a_sentence_and_the_next_request_starts_anew(qtbot, child):
    call = child.ask(asked("die"))

    told = []
    call.failed.connect(told.append)

    with qtbot.waitSignal(child.crashed):
        pass
    (failed,) = told

    assert failed.kind == "crash"
    assert failed.message.endswith("memory ran out.")
    assert "last words" in failed.details
    assert not child.is_running
    with qtbot.waitSignal(child.ask(ListModels()).done):
        pass


def test_rubbish_on_the_pipe_ends_the_child_and_not_the_window(qtbot, child):
    with qtbot.waitSignal(child.ask(asked("rubbish")).failed) as caught:
        pass

    assert caught.args[0].kind == "crash"
    assert "no message" in caught.args[0].details


def test_cancelling_is_a_message_first(qtbot, child):
    call = child.ask(asked("wait"))
    with qtbot.waitSignal(call.piece):
        pass

    with qtbot.waitSignal(call.replied) as caught:
        call.cancel()

    assert caught.args[0].finish == "cancelled"
    assert child.is_running


def test_a_request_is_cancelled_once_however_often_that_is_asked_for(child, monkeypatch):
    sent = []
    call = child.ask(asked("wait"))
    monkeypatch.setattr(child, "_send", sent.append)

    call.cancel()
    call.cancel()

    assert sent == [Cancel(target=call.number)]


def test_of_a_talkative_child_the_end_of_what_it_said_is_kept(qtbot):
    code = "import sys; sys.stderr.write('a' * 100_000 + 'the end'); sys.exit(3)"
    child = EngineProcess(command=[sys.executable, "-c", code])

    with qtbot.waitSignal(child.ask(ListModels()).failed) as caught:
        pass

    assert len(caught.args[0].details) == LOG_BYTES
    assert caught.args[0].details.endswith("the end")


def test_a_child_that_does_not_heed_is_killed(qtbot, engine):
    child = EngineProcess(command=engine, grace_ms=20)
    call = child.ask(asked("stubborn"))
    with qtbot.waitSignal(call.piece):
        pass
    crashes = []
    child.crashed.connect(crashes.append)

    with qtbot.waitSignal(call.failed) as caught:
        call.cancel()

    assert caught.args[0].kind == "cancelled"
    assert not child.is_running
    assert crashes == []


def test_a_program_that_cannot_start_is_told(qtbot):
    child = EngineProcess(command=["/nowhere/python"])

    with qtbot.waitSignal(child.ask(ListModels()).failed) as caught:
        pass

    assert caught.args[0].message == "The engine could not be started."


def test_an_engine_of_another_version_is_refused(qtbot):
    code = (
        "import os; from octavo.worker.protocol import Hello, frame;"
        "os.write(1, frame(Hello(protocol=99, version='9', tier='', n_threads=1))); os.read(0, 1); os.read(0, 1)"
    )
    child = EngineProcess(command=[sys.executable, "-c", code])

    with qtbot.waitSignal(child.ask(Load(path="m")).failed) as caught:
        pass

    assert "another version" in caught.args[0].details


def test_closing_leaves_no_process_behind(qtbot, child):
    with qtbot.waitSignal(child.ready):
        child.start()

    child.close()

    assert not child.is_running


def test_a_closed_engine_starts_no_child_for_those_who_hear_of_its_end(qtbot, engine):
    child = EngineProcess(command=engine)
    asked_too_late = []
    call = child.ask(asked("stubborn"))
    call.failed.connect(lambda _: asked_too_late.append(child.ask(ListModels())))
    with qtbot.waitSignal(call.piece):
        pass

    child.close()

    assert len(asked_too_late) == 1
    assert not child.is_running
    assert not child.is_busy


def test_dismissing_does_not_wait_and_a_new_child_can_start_at_once(qtbot, child):
    call = child.ask(asked("stubborn"))
    with qtbot.waitSignal(call.piece):
        pass
    told = []
    call.failed.connect(told.append)

    child.dismiss()

    assert [each.kind for each in told] == ["cancelled"]
    with qtbot.waitSignal(child.ask(ListModels()).done):
        pass
