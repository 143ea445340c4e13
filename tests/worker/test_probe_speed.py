import os

import msgspec
import pytest

from octavo.engine.estimate.speeds import KindSpeed, Speeds, keep_speeds
from octavo.engine.progress import Progress
from octavo.engine.stop import Stop
from octavo.worker.engine_desk import EngineDesk
from octavo.worker.outbox import Outbox
from octavo.worker.protocol import FrameReader, ProbeSpeed, Progressed, decode_event, decode_request, frame

SPEEDS = Speeds(2, [(1, 2.0)], kinds={"Q8_0": KindSpeed(1.0, 2.0, 3.0)})


def test_a_probe_is_asked_for_its_kinds_and_tells_its_progress(monkeypatch):
    asked = []

    def probe(kinds, n_threads, *, again, compiles):
        asked.append((kinds, n_threads, again, compiles))
        yield Progress(0, 1, "Q8_0")
        return SPEEDS

    monkeypatch.setattr("octavo.engine.inference.speed_probe.read_speeds", probe)
    reading, writing = os.pipe()
    request = ProbeSpeed(id=3, kinds=["Q8_0"], n_threads=2, again=True)

    assert EngineDesk(Outbox(writing)).answer(request, Stop()) == msgspec.to_builtins(SPEEDS)

    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        (body,) = FrameReader().feed(pipe.read())
    told = decode_event(body)
    assert asked == [(["Q8_0"], 2, True, False)]
    assert isinstance(told, Progressed)
    assert (told.stage, told.label) == ("measure", "Q8_0")


def test_the_request_comes_through_the_pipe_as_it_was_sent():
    request = ProbeSpeed(id=1, kinds=["Q4_K"], compiles=True)

    (body,) = FrameReader().feed(frame(request))

    assert decode_request(body) == request


@pytest.mark.parametrize(("n_threads", "known"), [(2, True), (1, False)])
def test_what_is_known_is_told_without_timing_anything(n_threads, known):
    keep_speeds(SPEEDS)
    desk = EngineDesk(Outbox(os.open(os.devnull, os.O_WRONLY)))

    told = desk.answer(ProbeSpeed(id=1, kinds=["Q4_K"], n_threads=n_threads, only_known=True), Stop())

    assert told == (msgspec.to_builtins(SPEEDS) if known else None)
