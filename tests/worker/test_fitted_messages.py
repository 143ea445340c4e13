from itertools import pairwise

import pytest

from octavo.worker.fitted_messages import ContextFull, answer_room, fit_messages


def conversation(n_turns, words=10, system=False):
    said = [{"role": "system", "content": "Be brief."}] if system else []
    for turn in range(n_turns):
        said.append({"role": "user", "content": f"q{turn} " * words})
        said.append({"role": "assistant", "content": f"a{turn} " * words})
    return [*said, {"role": "user", "content": "last"}]


def count(messages):
    return sum(len(each["content"].split()) for each in messages)


def fit(messages, context_tokens, overflow="drop_oldest"):
    return fit_messages(messages, count, context_tokens=context_tokens, max_tokens=10, overflow=overflow)


def test_what_fits_is_sent_whole():
    said = conversation(3)
    fitted = fit(said, 1000)
    assert (fitted.messages, fitted.n_dropped) == (said, 0)
    assert fitted.tokens == fitted.all_tokens == 61


def test_what_takes_all_the_room_is_sent_whole():
    said = conversation(3)
    (context_tokens, *_) = [each for each in range(200) if each - answer_room(each, 10) == count(said)]
    assert fit(said, context_tokens).n_dropped == 0
    assert fit(said, context_tokens - 1).n_dropped > 0


def test_too_long_stops_unless_something_may_be_dropped():
    with pytest.raises(ContextFull, match="takes 201 tokens, and the context holds 150"):
        fit(conversation(10), 150, overflow="stop")


def test_the_oldest_turns_go_and_the_system_message_stays():
    said = conversation(10, system=True)
    fitted = fit(said, 150)
    assert fitted.messages[0]["role"] == "system"
    assert fitted.messages[1:] == said[1 + fitted.n_dropped :]
    assert fitted.messages[1]["role"] == "user"
    assert fitted.tokens == count(fitted.messages) <= 150 - answer_room(150, 10)
    assert fitted.all_tokens == 203


def test_the_cut_stays_for_several_turns_so_that_the_beginning_need_not_be_read_again():
    firsts = [fit(conversation(n), 200).messages[0]["content"] for n in range(10, 40)]
    changes = sum(one != other for one, other in pairwise(firsts))
    assert changes <= 15
    assert len(set(firsts)) == changes + 1


def test_a_last_turn_that_is_too_long_alone_stops():
    said = [
        *conversation(3),
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "long " * 200},
    ]
    with pytest.raises(ContextFull, match="200 tokens"):
        fit(said, 150)


def test_the_answer_gets_at_most_a_quarter_of_the_context():
    assert answer_room(4096, 0) == 512
    assert answer_room(512, 400) == 128
    assert answer_room(2, 0) == 1
