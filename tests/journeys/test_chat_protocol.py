"""What a chat can ask of the child beside an answer: stop texts, continuing, overflow, kept caches."""

import pytest
from tests.fixtures.engine_client import EngineClient, RequestFailed
from tests.journeys.demo_answers import ANSWERS

from octavo.store.kept_caches import KeptCaches
from octavo.store.library import demo_model
from octavo.worker.protocol import Chat, CountTokens, Load, Replied, Unload

LOAD = Load(path=str(demo_model()))
QUESTION, ANSWER = ANSWERS[0]


@pytest.fixture
def client():
    with EngineClient() as client:
        client.ask(LOAD)
        yield client


def said(*texts):
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]


def replied(client, messages, **options):
    events = []
    client.ask(Chat(messages=messages, sampling={"temperature": 0.0}, **options), events.append)
    (found,) = [event for event in events if isinstance(event, Replied)]
    return found


def test_an_answer_goes_on_from_its_beginning_without_reading_it_again(client):
    stopped = replied(client, said(QUESTION), max_tokens=8)
    rest = replied(client, said(QUESTION), continued=stopped.text)
    assert stopped.text + rest.text == ANSWER
    assert rest.reused_tokens >= rest.prompt_tokens - 2


def test_an_answer_ends_before_a_stop_text(client):
    text = ANSWER[10:14]
    reply = replied(client, said(QUESTION), stop_texts=[text])
    assert reply.text == ANSWER[: ANSWER.index(text)]
    assert reply.finish == "stop"


def test_an_edit_reads_again_only_what_follows_it(client):
    first = said(QUESTION, "word " * 100, "And now?")
    replied(client, first, max_tokens=2)
    edited = replied(client, said(QUESTION, "word " * 100, "What else?"), max_tokens=2)
    assert edited.prompt_tokens - edited.reused_tokens < 20
    back = replied(client, first, max_tokens=2)
    assert back.prompt_tokens - back.reused_tokens < 20


def test_what_outgrows_the_context_is_refused_or_left_out_and_told(client):
    long = said(*["word " * 60] * 9)
    with pytest.raises(RequestFailed, match="context holds 512") as caught:
        replied(client, long)
    assert caught.value.kind == "context_full"
    reply = replied(client, long, overflow="drop_oldest", max_tokens=4)
    count = client.ask(CountTokens(messages=long, overflow="drop_oldest", max_tokens=4))
    assert reply.n_dropped == count["n_dropped"] > 0
    assert reply.prompt_tokens == count["sent_tokens"] < 512 < count["tokens"]
    assert client.ask(CountTokens(messages=long))["sent_tokens"] == 0


def test_a_conversation_is_taken_back_after_the_engine_was_gone(client):
    talk = said(QUESTION, "word " * 150, "And now?")
    replied(client, talk, key="chat-1", max_tokens=2)
    client.ask(Unload())
    assert KeptCaches().path("chat-1").exists()
    client.ask(LOAD)
    again = replied(client, talk, key="chat-1", max_tokens=2)
    assert again.reused_tokens == again.prompt_tokens - 1


def test_a_conversation_kept_with_other_settings_is_read_again(client):
    talk = said(QUESTION, "word " * 150, "And now?")
    first = replied(client, talk, key="chat-1", max_tokens=2)
    client.ask(Load(path=LOAD.path, kv_type="q8_0"))
    again = replied(client, talk, key="chat-1", max_tokens=2)
    assert (again.reused_tokens, again.prompt_tokens) == (0, first.prompt_tokens)
