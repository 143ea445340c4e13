from dataclasses import replace

import pytest
from tests.fixtures.cards import card

from octavo.engine.estimate.memory import taken_bytes, weights_bytes
from octavo.engine.estimate.speed import bytes_per_token, speed_forecast, tokens_per_second
from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds

FAST = KindSpeed(decode=1 / 50e9, prefill=1 / 400e9, packing=1 / 2e9)
SPEEDS = Speeds(
    n_threads=2,
    bandwidth=[(128_000_000, 50e9), (256_000_000, 30e9)],
    layer=4e-6,
    column=1e-10,
    kinds={"BF16": FAST, "Q8_0": FAST, "F32": FAST},
    caches={"f16": CacheSpeed(1.8e-11, 1e-11), "q8_0": CacheSpeed(1.8e-11, 1.2e-11)},
)


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


def test_a_large_model_answers_as_fast_as_memory_brings_it():
    large = card(n_layers=60, width=2048, heads=32, kv_heads=4, feed_forward=5632)

    seconds = 1 / speed_forecast(large, None, SPEEDS).decode

    memory_alone = weights_bytes(large, None) / (0.85 * 30e9)
    assert memory_alone <= seconds <= 1.06 * memory_alone


def test_a_model_that_the_caches_hold_is_read_faster():
    small, large = card(n_layers=4, vocabulary=1000), card(n_layers=120, vocabulary=1000)

    rates = [speed_forecast(each, None, SPEEDS).decode * weights_bytes(each, None) for each in (small, large)]

    assert rates[0] > 1.3 * rates[1]


def test_deep_in_the_context_both_answers_and_prompts_are_slower():
    near, far = (speed_forecast(card(), None, SPEEDS, depth=depth) for depth in (0, 4096))

    assert far.decode < near.decode
    assert far.prefill < near.prefill


def test_beyond_a_sliding_window_depth_costs_nothing():
    model = card()
    windowed = replace(
        model, hyperparameters=replace(model.hyperparameters, sliding_window=512, is_local=(True,) * 30)
    )

    assert speed_forecast(windowed, None, SPEEDS, depth=1024) == speed_forecast(
        windowed, None, SPEEDS, depth=4096
    )


def test_the_output_matrix_counts_for_answers_and_not_for_prompts():
    small, large = card(vocabulary=1000), card(vocabulary=100_000)

    assert speed_forecast(large, None, SPEEDS).decode < speed_forecast(small, None, SPEEDS).decode
    assert speed_forecast(large, None, SPEEDS).prefill == speed_forecast(small, None, SPEEDS).prefill


def test_experts_that_are_not_used_cost_no_time():
    two, eight = (card(experts=8, experts_used=used, kind="Q8_0") for used in (2, 8))

    assert speed_forecast(two, None, SPEEDS).prefill > 2 * speed_forecast(eight, None, SPEEDS).prefill


def test_a_type_that_was_not_probed_is_named_and_taken_for_the_slowest():
    known = replace(SPEEDS, kinds={"F32": FAST, "Q8_0": KindSpeed(1 / 5e9, 1 / 40e9, 1 / 1e9)})

    found = speed_forecast(card(), None, known)

    assert found.unknown == ("BF16",)
    assert found.decode < speed_forecast(card(), None, SPEEDS).decode / 4


def test_the_first_word_comes_after_the_prompt():
    found = speed_forecast(card(), None, SPEEDS)

    assert found.first_word_seconds(1000) == pytest.approx(1000 / found.prefill + 1 / found.decode)


def test_more_bytes_take_longer_to_load():
    assert (
        speed_forecast(card(n_layers=60), None, SPEEDS).load_seconds
        > speed_forecast(card(), None, SPEEDS).load_seconds
    )


def test_untouched_memory_is_waited_for_once_for_each_byte():
    slow = replace(SPEEDS, fresh_memory=2e-9)

    def added(**how):
        return (
            speed_forecast(card(), None, slow, **how).load_seconds
            - speed_forecast(card(), None, SPEEDS, **how).load_seconds
        )

    taken = taken_bytes(card(), 4096, kv_type="f16", n_threads=2)
    # Two threads fill the weights, and lose a third over it; one clears the cache.
    assert added() == pytest.approx(weights_bytes(card(), None) * 2e-9 / 1.3, rel=0.01)
    assert added(context_tokens=4096) - added() == pytest.approx(taken * 2e-9)


def test_where_python_is_slow_the_header_takes_longer():
    half = replace(SPEEDS, interpreter=2 * SPEEDS.interpreter)

    usual, slow = (speed_forecast(card(), None, each) for each in (SPEEDS, half))

    assert slow.opening_seconds == pytest.approx(2 * usual.opening_seconds)
    assert slow.decode == usual.decode


def test_a_probe_without_kernels_leaves_the_speed_of_prompts_open():
    found = speed_forecast(card(), None, Speeds(n_threads=2, bandwidth=SPEEDS.bandwidth))

    assert found.unknown
    assert found.prefill == 0
    assert found.decode > 0


def test_a_prompt_attends_to_half_of_itself():
    free = KindSpeed(0.0, 0.0, 0.0)
    attending = Speeds(2, [(1, 1e9)], 1e-6, 0.0, {"BF16": free, "F32": free}, {"f16": CacheSpeed(0.0, 1e-11)})

    found = speed_forecast(card(), None, attending).prefill

    # 256 positions on average, 30 layers of 9 heads, 64 numbers of a key and as many of a value.
    assert found == pytest.approx(1 / (1e-11 * 256 * 30 * 9 * 128))


def test_experts_that_are_not_used_push_the_others_out_of_the_caches():
    few, many = (card(n_layers=2, vocabulary=1000, experts=n, experts_used=2) for n in (2, 64))

    seconds = [speed_forecast(each, None, SPEEDS).weights.memory_seconds for each in (few, many)]

    assert seconds[1] > 1.5 * seconds[0]
