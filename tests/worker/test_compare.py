"""Comparing in the child: both answers in pieces, plain data at the end, both models kept for the next question."""

from dataclasses import replace

import msgspec
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.engine_client import EngineClient, RequestFailed
from tests.fixtures.tiny_models import TINY

from octavo.engine.measure.comparison import Comparison
from octavo.worker.protocol import Compare, ComparePiece

SHAPE = replace(TINY, n_feed_forward=256, n_layers=1, context_length=128)


@pytest.fixture(scope="module")
def client():
    with EngineClient() as client:
        yield client


@pytest.fixture
def request_of(tmp_path):
    first, second = (
        write_tiny_gguf(tmp_path / f"{kind}.gguf", shape=SHAPE, dtype=kind) for kind in ("F32", "Q4_0")
    )

    def make(**fields):
        return Compare(
            **{"first": str(first), "second": str(second), "prompt": "hello", "max_tokens": 8} | fields
        )

    return make


def test_answers_come_in_pieces_the_first_ones_first(client, request_of):
    events = []
    found = msgspec.convert(client.ask(request_of(), events.append), Comparison)

    pieces = [each for each in events if isinstance(each, ComparePiece)]
    assert [each.number for each in pieces] == sorted(each.number for each in pieces)
    for number, answer in enumerate((found.first, found.second)):
        own = [each for each in pieces if each.number == number]
        assert own[0].text == ""
        assert "".join(each.text for each in own) == answer.text
    assert found.following is not None


def test_the_next_question_finds_both_models_loaded(client, request_of):
    request = request_of()
    client.ask(request)
    again = msgspec.convert(client.ask(msgspec.structs.replace(request, prompt="and the world?")), Comparison)

    assert again.were_together
    assert again.first.load_seconds == again.second.load_seconds == 0


def test_a_changed_file_is_opened_again(client, request_of, tmp_path):
    request = request_of()
    before = msgspec.convert(client.ask(request), Comparison)
    write_tiny_gguf(tmp_path / "Q4_0.gguf", shape=SHAPE, dtype="Q8_0")
    after = msgspec.convert(client.ask(request), Comparison)

    assert (before.second.type_name, after.second.type_name) == ("Q4_0", "Q8_0")


def test_cancelling_ends_the_request_as_cancelled(client, request_of):
    number = client.send(request_of(max_tokens=100))
    assert any(isinstance(event, ComparePiece) and event.n_tokens for event in client.events(number))
    client.cancel(number)
    with pytest.raises(RequestFailed, match="Stopped") as caught:
        list(client.events(number))
    assert caught.value.kind == "cancelled"


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"prompt": ""}, "empty"), ({"sampling": {"top_k": "x"}}, "sampling"), ({"second": "/no.gguf"}, "no")],
)
def test_a_refusal_is_a_sentence(client, request_of, fields, said):
    with pytest.raises(RequestFailed, match=said):
        client.ask(request_of(**fields))
