import os
import threading
from threading import Event

import pytest

from octavo.engine.progress import Progress
from octavo.worker.inbox import Inbox
from octavo.worker.outbox import Outbox
from octavo.worker.protocol import Cancel, FrameReader, Progressed, Unload, decode_event, frame


@pytest.fixture
def pipe():
    """Both ends; afterwards the reader ends before its descriptor's number can be used again."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0), os.fdopen(writing, "wb", 0) as writer:
        yield reading, writer
        writer.close()
        for thread in threading.enumerate():
            if thread.name == "inbox":
                thread.join(10)


def test_cancellation_overtakes_what_waits(pipe):
    inbox = Inbox(pipe[0], pytest.fail, lambda: None)
    pipe[1].write(frame(Unload(id=1)) + frame(Unload(id=2)) + frame(Cancel(target=2)) + frame(Unload(id=3)))
    inbox.start()
    stops = {}
    for _ in range(3):
        request, stop = inbox.next()
        stops[request.id] = stop.is_set()
    assert stops == {1: False, 2: True, 3: False}


def test_end_of_the_pipe_cancels_everything(pipe):
    gone = Event()
    inbox = Inbox(pipe[0], pytest.fail, gone.set)
    pipe[1].write(frame(Unload(id=1)))
    inbox.start()
    _, stop = inbox.next()
    pipe[1].close()
    assert stop.wait(10)
    assert inbox.next() is None
    assert gone.wait(10)


def test_what_is_no_request_is_complained_of_and_the_next_one_is_read(pipe):
    complaints = []
    inbox = Inbox(pipe[0], complaints.append, lambda: None)
    pipe[1].write(b"\x02\x00\x00\x00{}" + frame(Unload(id=7)))
    inbox.start()
    request, _ = inbox.next()
    assert request.id == 7
    assert len(complaints) == 1


def test_progress_is_thinned_but_begin_and_end_are_told(pipe):
    outbox = Outbox(pipe[1].fileno())
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
