from tests.fixtures.cards import card

from octavo.engine.estimate.memory import weights_bytes
from octavo.engine.estimate.speed import bytes_per_token, tokens_per_second


def test_a_tied_embedding_is_read_whole_and_an_untied_one_is_not():
    tied, untied = card(tied=True), card(tied=False)

    assert bytes_per_token(tied, None) == weights_bytes(tied, None)
    assert bytes_per_token(untied, None) == weights_bytes(untied, None) - 49152 * 576 * 2


def test_of_experts_only_those_that_are_used_are_read():
    mixture = card(experts=8, experts_used=2, kind="Q8_0")
    expert = 30 * 3 * 576 * 1536

    assert mixture.n_parameters - mixture.n_active_parameters == 6 * expert
    assert bytes_per_token(mixture, None) == weights_bytes(mixture, None) - 6 * expert // 32 * 34


def test_a_filled_cache_makes_answers_slower():
    empty = tokens_per_second(card(), None, 20e9)
    filled = tokens_per_second(card(), None, 20e9, context_tokens=8192)

    assert filled < empty


def test_speed_grows_with_the_bandwidth():
    assert tokens_per_second(card(), None, 40e9) == 2 * tokens_per_second(card(), None, 20e9)
