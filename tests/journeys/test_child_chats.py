"""A chat through the child process: loaded, answered, stopped, killed, started again."""

import os
import signal

import pytest
from tests.fixtures.engine_client import EngineClient, EngineStopped, RequestFailed
from tests.journeys.demo_answers import ANSWERS

from octavo.store.library import demo_model
from octavo.worker.protocol import (
    Chat,
    Convert,
    Copy,
    CountTokens,
    Done,
    ForecastConvert,
    Forecasted,
    Load,
    Piece,
    Progressed,
    Replied,
    Unload,
)

LOAD = Load(path=str(demo_model()))


def question(text, **options):
    return Chat(messages=[{"role": "user", "content": text}], sampling={"temperature": 0.0}, **options)


@pytest.fixture(scope="module")
def client():
    with EngineClient() as client:
        client.ask(LOAD)
        yield client


def told(client, request):
    events = []
    client.ask(request, events.append)
    return events


def test_answer_streams_and_ends_with_its_figures(client):
    *before, replied = told(client, question(ANSWERS[0][0]))
    pieces = [event for event in before if isinstance(event, Piece)]
    assert any(isinstance(event, Progressed) and event.stage == "prefill" for event in before)
    assert isinstance(replied, Replied)
    assert "".join(piece.text for piece in pieces) == replied.text == ANSWERS[0][1]
    assert [piece.n_tokens for piece in pieces] == sorted(piece.n_tokens for piece in pieces)
    assert replied.finish == "stop"
    assert replied.measured_rss_bytes > 0


def test_second_turn_reads_only_what_is_new(client):
    first = told(client, question("Hello"))[-1]
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": first.text},
        {"role": "user", "content": "Who are you?"},
    ]
    replied = told(client, Chat(messages=messages, sampling={"temperature": 0.0}, max_tokens=4))[-1]
    assert 0 < replied.reused_tokens < replied.prompt_tokens
    assert client.ask(CountTokens(messages=messages))["tokens"] == replied.prompt_tokens


def test_stopped_answer_keeps_what_was_said_and_the_next_one_is_whole(client):
    request = Chat(
        messages=[{"role": "user", "content": "Sing"}],
        sampling={"temperature": 3.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "seed": 1},
    )
    number = client.send(request)
    said = ""
    for event in client.events(number):
        if isinstance(event, Piece):
            if not said:
                client.cancel(number)
            said += event.text
        elif isinstance(event, Replied):
            replied = event
    assert isinstance(event, Done)
    assert replied.text == said
    assert replied.finish in ("cancelled", "stop", "length")
    assert told(client, question(ANSWERS[0][0]))[-1].text == ANSWERS[0][1]


def test_impossible_sampling_is_refused_and_the_model_stays(client):
    bad = Chat(messages=[{"role": "user", "content": "Hi"}], sampling={"temperature": "hot"})
    with pytest.raises(RequestFailed, match="sampling"):
        client.ask(bad)
    assert told(client, question("Hello"))[-1].text == ANSWERS[2][1]


def test_killed_child_is_told_and_the_next_one_answers():
    with EngineClient() as client:
        client.ask(LOAD)
        events = client.events(client.send(question("Hello")))
        next(events)
        os.kill(client.pid, signal.SIGKILL)
        with pytest.raises(EngineStopped, match="stopped unexpectedly"):
            list(events)
        client.ask(LOAD)
        assert told(client, question("Hello"))[-1].text == ANSWERS[2][1]


def test_unloading_gives_the_model_back(client):
    client.ask(Unload())
    with pytest.raises(RequestFailed, match="No model is loaded"):
        client.ask(question("Hello"))
    report = client.ask(LOAD)
    assert report["context_tokens"] == 512
    assert report["predicted_bytes"] > 0


def test_conversion_in_the_child_leaves_nothing_when_it_is_stopped(client, tmp_path):
    copies = [Copy(quantizer=each, output=str(tmp_path / f"{each}.gguf")) for each in ("Q4_K_M", "Q8_0")]
    request = Convert(path=str(demo_model()), copies=copies)
    number = client.send(request)
    client.cancel(number)
    with pytest.raises(RequestFailed, match="Stopped"):
        list(client.events(number))
    assert list(tmp_path.iterdir()) == []
    forecast = client.ask(ForecastConvert(path=request.path, copies=copies))
    assert list(tmp_path.iterdir()) == []
    events = []
    reports = client.ask(request, events.append)
    (said,) = (each for each in events if isinstance(each, Forecasted))
    assert said.memory_bytes == forecast["memory_bytes"]
    assert said.seconds > said.calibration_seconds > 0
    assert [each["verified"] for each in reports] == [True, True]
    assert [each["proof"]["template"] for each in reports] == ["same", "same"]
    assert [each["file_bytes"] for each in reports] == forecast["file_bytes"]
    assert [(tmp_path / f"{each.quantizer}.gguf").stat().st_size for each in copies] == forecast["file_bytes"]
