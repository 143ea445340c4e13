import os

import pytest

from octavo.engine.progress import Progress
from octavo.worker import inbox as inbox_module
from octavo.worker.inbox import Inbox
from octavo.worker.outbox import Outbox
from octavo.worker.protocol import Cancel, FrameReader, Progressed, Unload, decode_event, frame


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            assert end == ends[1], "only the writing end is closed by tests"


def test_cancellation_overtakes_what_waits(pipe):
    inbox = Inbox(pipe[0], pytest.fail)
    os.write(
        pipe[1], frame(Unload(id=1)) + frame(Unload(id=2)) + frame(Cancel(target=2)) + frame(Unload(id=3))
    )
    inbox.start()
    stops = {}
    for _ in range(3):
        request, stop = inbox.next()
        stops[request.id] = stop.is_set()
    assert stops == {1: False, 2: True, 3: False}


def test_end_of_the_pipe_cancels_everything(pipe, monkeypatch):
    monkeypatch.setattr(inbox_module, "SECONDS_TO_TIDY_UP", 3600)
    inbox = Inbox(pipe[0], pytest.fail)
    os.write(pipe[1], frame(Unload(id=1)))
    inbox.start()
    _, stop = inbox.next()
    os.close(pipe[1])
    assert stop.wait(10)
    assert inbox.next() is None


def test_what_is_no_request_is_complained_of_and_the_next_one_is_read(pipe):
    complaints = []
    inbox = Inbox(pipe[0], complaints.append)
    os.write(pipe[1], b"\x02\x00\x00\x00{}" + frame(Unload(id=7)))
    inbox.start()
    request, _ = inbox.next()
    assert request.id == 7
    assert len(complaints) == 1


def test_progress_is_thinned_but_begin_and_end_are_told(pipe):
    outbox = Outbox(pipe[1])
    for done in range(1001):
        outbox.progress(1, "load", Progress(done, 1000))
    outbox.progress(2, "load", Progress(0, 1000))
    events = [decode_event(body) for body in FrameReader().feed(os.read(pipe[0], 65_536))]
    assert all(isinstance(event, Progressed) for event in events)
    assert [(event.id, event.done) for event in events if event.done in (0, 1000)] == [
        (1, 0),
        (1, 1000),
        (2, 0),
    ]
    assert len(events) < 100
