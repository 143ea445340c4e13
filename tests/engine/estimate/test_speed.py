from tests.fixtures.cards import card

from octavo.engine.estimate.memory import weights_bytes
from octavo.engine.estimate.speed import bytes_per_token, tokens_per_second


def test_a_tied_embedding_is_read_whole_and_an_untied_one_is_not():
    tied, untied = card(tied=True), card(tied=False)

    assert bytes_per_token(tied, None) == weights_bytes(tied, None)
    assert bytes_per_token(untied, None) == weights_bytes(untied, None) - 49152 * 576 * 2


def test_a_filled_cache_makes_answers_slower():
    empty = tokens_per_second(card(), None, 20e9)
    filled = tokens_per_second(card(), None, 20e9, context_tokens=8192)

    assert filled < empty


def test_speed_grows_with_the_bandwidth():
    assert tokens_per_second(card(), None, 40e9) == 2 * tokens_per_second(card(), None, 20e9)
