"""Whoever reads along sees the first word at once, and everything in the end."""

import pytest

from octavo.worker.gathered_pieces import SECONDS_BETWEEN_PIECES, GatheredPieces


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sent():
    return []


@pytest.fixture
def pieces(clock, sent):
    return GatheredPieces(lambda *said: sent.append(said), clock)


def test_the_first_word_goes_on_at_once(pieces, sent):
    pieces.add("Once", 1)

    assert sent == [(0, "Once", 1)]


def test_a_quick_answer_comes_in_few_pieces(pieces, sent, clock):
    for n in range(100):  # 200 tokens per second
        pieces.add(f" {n}", n + 1)
        clock.now += 0.005
    pieces.flush()

    assert "".join(text for _, text, _ in sent) == "".join(f" {n}" for n in range(100))
    assert sent[-1][2] == 100
    assert 0.5 / SECONDS_BETWEEN_PIECES - 4 < len(sent) < 0.5 / SECONDS_BETWEEN_PIECES + 2


def test_each_token_of_a_slow_answer_goes_on_at_once(pieces, sent, clock):
    for n in range(5):
        pieces.add("word", n)
        clock.now += 0.2

        assert len(sent) == n + 1


def test_what_is_held_back_is_sent_when_the_answer_fails(pieces, sent):
    def fail():
        with pieces:
            pieces.add("Once", 1)
            pieces.add(" upon", 2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert sent == [(0, "Once", 1), (0, " upon", 2)]


def test_answers_are_not_mixed_and_each_begins_at_once(pieces, sent):
    pieces.add("", 0, 0)
    pieces.add("yes", 1, 0)
    pieces.add("", 0, 1)
    pieces.add("no", 1, 1)
    pieces.flush()

    assert sent == [(0, "", 0), (0, "yes", 1), (1, "", 0), (1, "no", 1)]
