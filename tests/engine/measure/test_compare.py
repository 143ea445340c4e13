"""Two tiny models asked the same: where they part, what each gives the other's tokens, what is in memory."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import TINY

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import NotEnoughMemory, OctavoError
from octavo.engine.inference.sampling import Sampling
from octavo.engine.inference.session import load_session
from octavo.engine.measure.compare import Question, Said, compare, token_ends
from octavo.engine.measure.pair import Pair
from octavo.engine.progress import Progress, finish
from octavo.engine.stop import Stop
from octavo.engine.tokenizer.template import prompt_ids

SHAPE = replace(TINY, n_feed_forward=256, n_layers=1, context_length=128)
PLENTY = 1 << 36
QUESTION = Question("hello world", max_tokens=12)


@pytest.fixture
def opened(tmp_path):
    """``opened("F32", "Q4_0")``: tiny models of one family, or (family, type) pairs."""
    with contextlib.ExitStack() as closing:

        def open_all(*wanted):
            found = []
            for number, each in enumerate(wanted):
                family, kind, *seed = each if isinstance(each, tuple) else ("llama", each)
                path = tmp_path / f"{number}-{kind}.gguf"
                write_tiny_gguf(path, family, shape=SHAPE, dtype=kind, seed=seed[0] if seed else 0)
                found.append(closing.enter_context(contextlib.closing(open_checkpoint(path))))
            return found

        yield open_all


@pytest.fixture
def pair_of(opened):
    with contextlib.ExitStack() as closing:

        def make(*wanted, free=PLENTY, **options):
            free_bytes = free if callable(free) else lambda: free
            made = Pair(*opened(*wanted), n_threads=1, free_bytes=free_bytes, **options)
            return closing.enter_context(contextlib.closing(made))

        yield make


def compared(pair, question=QUESTION, stop=None):
    """The comparison, and the texts that were told on the way."""
    work, told = compare(pair, question, stop), {0: "", 1: ""}
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            return end.value, told
        if isinstance(step, Said):
            told[step.number] += step.text


def probabilities(checkpoint, ids):
    """What a model gives each token after ``ids``, float64[vocabulary]."""
    session = finish(load_session(checkpoint, context_tokens=64, n_threads=1, available_bytes=PLENTY))
    with contextlib.closing(session):
        logits = finish(session.logits(ids))[-1].astype(np.float64)
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def test_a_model_beside_itself_says_the_same_and_is_followed_everywhere(pair_of):
    found, told = compared(pair_of("F32", "F32"))

    assert found.is_same
    assert found.parting is None
    assert found.following.same_top == len(found.following.tokens) == len(found.first.tokens)
    assert found.following.mean_kl < 1e-6
    assert found.first.same_characters == len(found.first.text)
    assert told == {0: found.first.text, 1: found.second.text}


def test_the_parting_is_the_first_other_token_with_both_models_probabilities(pair_of):
    pair = pair_of("F32", "Q4_0")
    found, _ = compared(pair)

    place = found.parting.position
    assert found.first.tokens[:place] == found.second.tokens[:place]
    ours, theirs = found.first.tokens[place], found.second.tokens[place]
    assert (found.parting.first.token, found.parting.second.token) == (ours, theirs)
    prompt = prompt_of(pair)
    for number, model in enumerate(pair.models):
        expected = probabilities(model.checkpoint, [*prompt, *found.first.tokens[:place]])
        for candidate in (found.parting.first, found.parting.second):
            told = (candidate.first, candidate.second)[number]
            assert told == pytest.approx(expected[candidate.token], rel=2e-3)
    assert found.parting.first.first > found.parting.second.first
    assert found.parting.second.second > found.parting.first.second


def test_the_second_is_asked_at_each_token_of_the_first(pair_of):
    pair = pair_of("F32", "Q4_0")
    found, _ = compared(pair)

    prompt, tokens = prompt_of(pair), found.first.tokens
    n_same, divergences = 0, []
    for place, (token, told) in enumerate(zip(tokens, found.following.tokens, strict=True)):
        p, q = (probabilities(each.checkpoint, [*prompt, *tokens[:place]]) for each in pair.models)
        n_same += p.argmax() == q.argmax()
        assert bool(told.choice) == (p.argmax() != q.argmax())
        assert (told.first, told.second) == pytest.approx((p[token], q[token]), rel=2e-3)
        divergences.append((p * np.log(p / q)).sum())
    assert found.following.same_top == n_same
    assert found.following.mean_kl == pytest.approx(np.mean(divergences), rel=1e-3)


def prompt_of(pair):
    one = pair.models[0]
    return prompt_ids(one.checkpoint, one.tokenizer, [{"role": "user", "content": QUESTION.prompt}])


def test_marks_are_characters_of_both_texts(pair_of):
    pair = pair_of("F32", "Q4_0")
    found, _ = compared(pair)

    same = found.first.same_characters
    assert found.second.same_characters == same
    assert found.first.text[:same] == found.second.text[:same]
    for model, answer in zip(pair.models, (found.first, found.second), strict=True):
        ends = [0, *token_ends(model.tokenizer, answer.tokens)]
        assert ends[found.parting.position] == same
        assert ends[-1] <= len(answer.text)
        assert 0 <= answer.marked_characters <= len(answer.text) - same


def test_other_tokens_are_compared_letter_by_letter(pair_of):
    found, _ = compared(pair_of("F32", ("gemma3", "F32")))

    assert not found.same_tokens
    assert found.parting is found.following is None
    assert any("letter by letter" in each for each in found.notes)
    same = found.first.same_characters
    assert found.first.text[:same] == found.second.text[:same]
    assert found.first.text[same : same + 1] != found.second.text[same : same + 1]


def test_both_stay_where_they_fit_and_are_not_loaded_again(pair_of):
    pair = pair_of("F32", "Q4_0")

    first, _ = compared(pair)
    again, _ = compared(pair)

    assert first.were_together
    assert pair.are_together
    assert first.first.load_seconds > 0
    assert again.first.load_seconds == again.second.load_seconds == 0
    assert again.following == first.following


def test_one_makes_room_for_the_other_where_they_do_not_fit(pair_of):
    free = PLENTY
    pair = pair_of("F32", "Q4_0", free=lambda: free)
    together, _ = compared(pair)
    for each in pair.models:
        each.unload()
    free = max(pair.memory_bytes(number, 128) for number in (0, 1)) * 1.2

    def free_bytes():
        return int(free) - sum(each.session is not None for each in pair.models) * int(free / 2)

    pair._free_bytes = free_bytes
    apart, _ = compared(pair)

    assert (together.were_together, apart.were_together) == (True, False)
    assert (apart.parting, apart.following) == (together.parting, together.following)


def test_what_does_not_fit_alone_is_refused_with_figures(pair_of):
    pair = pair_of("F32", "Q4_0", free=10_000_000)

    with pytest.raises(NotEnoughMemory, match="are free"):
        compared(pair)
    assert not any(each.session for each in pair.models)


def test_a_drawn_seed_is_the_same_for_both(pair_of):
    question = replace(QUESTION, sampling=Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0))

    found, _ = compared(pair_of("F32", "F32"), question)

    assert found.first.tokens == found.second.tokens


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (replace(QUESTION, prompt=" \n"), "prompt is empty"),
        (replace(QUESTION, max_tokens=0), "cannot be compared"),
        (replace(QUESTION, max_tokens=5000), "cannot be compared"),
        (replace(QUESTION, prompt="hello world " * 80), "context"),
    ],
)
def test_what_cannot_be_asked_is_refused(pair_of, question, said):
    with pytest.raises(OctavoError, match=said):
        compared(pair_of("F32", "F32"), question)


@pytest.mark.parametrize("after", [Said, Progress])
def test_a_stop_ends_it(pair_of, after):
    stop = Stop()
    work = compare(pair_of("F32", "Q4_0"), QUESTION, stop)
    while True:
        step = next(work)
        if isinstance(step, after) and (after is Progress or step.number == 1):
            break
    stop.set()

    with pytest.raises(OctavoError, match="stopped"):
        finish(work)


def test_templates_that_ask_differently_are_told(opened, tmp_path):
    other = write_tiny_gguf(tmp_path / "other.gguf", shape=SHAPE, chat_template="{{ messages[0].content }}")
    with (
        contextlib.closing(open_checkpoint(other)) as second,
        contextlib.closing(Pair(*opened("F32"), second, n_threads=1, free_bytes=lambda: PLENTY)) as pair,
    ):
        found, _ = compared(pair)

    assert any("differently" in each for each in found.notes)
    assert len(found.following.tokens) == len(found.first.tokens)
