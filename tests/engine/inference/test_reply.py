"""An answer comes piece by piece, ends where it should, and can be stopped without harm to the next one."""

import contextlib

import pytest
from tests.journeys.demo_answers import ANSWERS

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import OctavoError
from octavo.engine.inference.reply import TextPiece, reply
from octavo.engine.inference.sampling import Sampling
from octavo.engine.inference.session import load_session
from octavo.engine.progress import Progress, finish
from octavo.engine.stop import Stop
from octavo.engine.tokenizer.load import load_tokenizer
from octavo.engine.tokenizer.template import prompt_ids
from octavo.store.library import demo_model

GREEDY = Sampling(temperature=0.0)
LIVELY = Sampling(temperature=1.5, top_k=0, top_p=1.0, min_p=0.0, seed=11, frequency_penalty=0.1)
QUESTION, ANSWER = ANSWERS[0]


class Model:
    """The demo model with one thread."""

    def __init__(self, n_threads=1):
        self.checkpoint = open_checkpoint(demo_model())
        self.tokenizer = load_tokenizer(self.checkpoint)
        self.session = finish(load_session(self.checkpoint, n_threads=n_threads))

    def ids(self, question):
        return prompt_ids(self.checkpoint, self.tokenizer, [{"role": "user", "content": question}])

    def reply(self, question, sampling=GREEDY, max_tokens=0, tell=lambda step: None, **options):
        answer = reply(self.session, self.tokenizer, self.ids(question), sampling, max_tokens, **options)
        while True:
            try:
                tell(next(answer))
            except StopIteration as end:
                return end.value

    def close(self):
        self.session.close()
        self.tokenizer.renderer.close()
        self.checkpoint.close()


@pytest.fixture(scope="module")
def model():
    with contextlib.closing(Model()) as model:
        yield model


def test_pieces_make_the_answer_and_its_figures_are_right(model):
    model.session.truncate(0)
    steps = []
    answer = model.reply(QUESTION, tell=steps.append)
    pieces = [step for step in steps if isinstance(step, TextPiece)]
    assert "".join(piece.text for piece in pieces) == answer.text == ANSWER
    assert [step.done for step in steps if isinstance(step, Progress)] == [0, answer.prompt_tokens]
    assert answer.finish == "stop"
    assert answer.tokens[-1] in model.tokenizer.stop_ids
    assert pieces[-1].n_tokens == len(answer.tokens) - 1
    assert answer.reused_tokens == 0
    assert answer.context_used == answer.prompt_tokens + len(answer.tokens) - 1
    assert model.reply(QUESTION).reused_tokens == answer.prompt_tokens - 1


def test_a_limit_ends_the_answer(model):
    whole = model.reply(QUESTION)
    answer = model.reply(QUESTION, max_tokens=4)
    assert answer.tokens == whole.tokens[:4]
    assert answer.finish == "length"
    assert ANSWER.startswith(answer.text)


def test_same_seed_gives_the_same_text_with_any_number_of_threads(model):
    texts = [model.reply("Hi", LIVELY, 40).text, model.reply("Hi", LIVELY, 40).text]
    with contextlib.closing(Model(n_threads=2)) as other:
        texts.append(other.reply("Hi", LIVELY, 40).text)
    assert len(texts[0]) > 20
    assert len(set(texts)) == 1


def test_forbidden_tokens_do_not_come(model):
    first = model.reply(QUESTION, max_tokens=1).tokens[0]
    other = model.reply(QUESTION, Sampling(temperature=0.0, logit_bias={first: float("-inf")}), 1).tokens[0]
    assert other != first


def test_a_stop_text_ends_the_answer_and_is_not_shown(model):
    pieces = []
    answer = model.reply(QUESTION, tell=pieces.append, stop_texts=["test model", "William"])
    assert answer.text == "I am a tiny "
    assert "".join(step.text for step in pieces if isinstance(step, TextPiece)) == answer.text
    assert answer.finish == "stop"
    assert model.reply(QUESTION, stop_texts=["Shakespeare!", "###"]).text == ANSWER


def test_stopping_before_it_begins_reads_nothing(model):
    model.session.truncate(0)
    stop = Stop()
    stop.set()
    answer = model.reply(QUESTION, stop=stop)
    assert (answer.text, answer.tokens, answer.finish, answer.context_used) == ("", [], "cancelled", 0)
    assert model.reply(QUESTION).text == ANSWER


def test_stopping_while_it_speaks_keeps_what_was_said(model):
    stop, said = Stop(), []

    def listen(step):
        if isinstance(step, TextPiece):
            said.append(step.text)
            if step.n_tokens >= 5:
                stop.set()

    answer = model.reply(QUESTION, tell=listen, stop=stop)
    assert answer.finish == "cancelled"
    assert len(answer.tokens) == 5
    assert answer.text == "".join(said)
    assert ANSWER.startswith(answer.text)
    assert model.reply(QUESTION).text == ANSWER


def test_stopping_ends_the_step_that_runs(model, monkeypatch):
    model.session.truncate(0)
    stop, run = Stop(), model.session._pool.run

    def run_and_be_stopped():
        stop.set()  # as another thread would, in the middle of the call
        return run()

    monkeypatch.setattr(model.session._pool, "run", run_and_be_stopped)
    answer = model.reply(QUESTION, stop=stop)
    assert (answer.finish, answer.context_used) == ("cancelled", 0)
    monkeypatch.undo()
    assert model.reply(QUESTION).text == ANSWER


def test_stopping_after_the_end_does_not_reach_the_next_answer(model):
    stop = Stop()
    model.reply(QUESTION, stop=stop)
    stop.set()
    assert model.reply(QUESTION).text == ANSWER


def test_an_abandoned_answer_does_no_harm(model):
    answer = reply(model.session, model.tokenizer, model.ids(QUESTION), GREEDY)
    next(answer)
    answer.close()
    assert model.reply(QUESTION).text == ANSWER


def test_prompts_that_cannot_be_answered_are_refused(model):
    with pytest.raises(OctavoError, match="empty"):
        next(reply(model.session, model.tokenizer, [], GREEDY))
    with pytest.raises(OctavoError, match="takes 512 tokens, and the context holds 512"):
        next(reply(model.session, model.tokenizer, [1] * 512, GREEDY))
    with pytest.raises(OctavoError, match="temperature"):
        next(reply(model.session, model.tokenizer, [1], Sampling(temperature=-1.0)))


def test_an_answer_ends_where_the_context_does(model):
    answer = model.reply(
        "Hi", Sampling(temperature=0.0, logit_bias=dict.fromkeys(model.tokenizer.stop_ids, -999.0))
    )
    assert answer.finish == "length"
    assert answer.prompt_tokens + len(answer.tokens) == model.session.context_tokens
