"""Measuring in the child: figures on the way, plain data at the end, stopped at once."""

from dataclasses import replace

import msgspec
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.engine_client import EngineClient, RequestFailed
from tests.fixtures.tiny_models import TINY

from octavo.engine.measure.figures import Measurement
from octavo.worker.protocol import Measure, MeasureProgress, Progressed

SHAPE = replace(TINY, n_feed_forward=256, context_length=32)


@pytest.fixture(scope="module")
def client():
    with EngineClient() as client:
        yield client


@pytest.fixture
def request_of(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("hello world, 34 small tokens and the model; " * 200)
    model = write_tiny_gguf(tmp_path / "tiny.gguf", shape=SHAPE)

    def make(**fields):
        return Measure(**{"path": str(model), "text": str(text), "quantizer": "Q8_0", "tokens": 96} | fields)

    return make


def test_figures_come_on_the_way_and_whole_at_the_end(client, request_of):
    events = []
    found = msgspec.convert(client.ask(request_of(), events.append), Measurement)
    on_the_way = [each for each in events if isinstance(each, MeasureProgress)]
    assert on_the_way[0].figures.windows == 2
    assert 0 < on_the_way[0].done <= on_the_way[0].total
    assert found.quantizer == "Q8_0"
    assert found.figures.mean_kl.low <= found.figures.mean_kl.value <= found.figures.mean_kl.high
    assert {each.stage for each in events if isinstance(each, Progressed)} >= {"measure"}


def test_a_file_against_a_reference(client, request_of):
    path = request_of().path
    found = msgspec.convert(client.ask(request_of(quantizer="", reference=path)), Measurement)
    assert (found.reference, found.quantizer) == (path, "")
    assert found.figures.mean_kl.value < 1e-6


def test_cancelling_ends_the_request_as_cancelled(client, request_of):
    number = client.send(request_of(tokens=6000))
    is_known = (isinstance(event, MeasureProgress) for event in client.events(number))
    assert any(is_known)
    client.cancel(number)
    with pytest.raises(RequestFailed, match="Stopped") as caught:
        list(client.events(number))
    assert caught.value.kind == "cancelled"


def test_a_refusal_is_a_sentence(client, request_of):
    with pytest.raises(RequestFailed, match="too few to measure"):
        client.ask(request_of(tokens=10))
