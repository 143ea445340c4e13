from dataclasses import replace

import pytest
from tests.fixtures.cards import card

from octavo.engine.estimate.memory import context_bytes, taken_bytes, weights_bytes
from octavo.engine.estimate.program import loading_bytes, program_bytes

MB = 10**6


def with_tokenizer(kind, metadata_bytes, container="gguf"):
    return replace(card(), tokenizer=kind, metadata_bytes=metadata_bytes, container=container)


# Measured with tests/benchmarks/fit_memory.py: resident after an answer, less weights, cache and buffers.
@pytest.mark.parametrize(
    ("kind", "metadata_bytes", "container", "measured"),
    [
        ("gpt2", 1_790_000, "gguf", 136 * MB),
        ("gpt2", 1_790_000, "safetensors", 164 * MB),
        ("llama", 6_530_000, "gguf", 168 * MB),
    ],
)
def test_the_program_is_near_what_was_measured(kind, metadata_bytes, container, measured):
    assert abs(program_bytes(with_tokenizer(kind, metadata_bytes, container)) - measured) < 8 * MB


def test_an_unknown_tokenizer_counts_as_the_dearest():
    assert program_bytes(with_tokenizer("", 10**6)) == program_bytes(with_tokenizer("gpt2", 10**6))


def test_loading_holds_weights_and_what_is_on_its_way():
    model = card()
    weights = weights_bytes(model, None)

    assert 0 < loading_bytes(model, weights, 2) - program_bytes(model) - weights < 20 * MB


def test_what_is_taken_in_advance_comes_after_the_weights_have_arrived():
    model = card()
    weights = weights_bytes(model, None)

    least = loading_bytes(model, weights, 2)

    assert loading_bytes(model, weights, 2, taken_bytes=10 * MB) == least
    assert loading_bytes(model, weights, 2, taken_bytes=400 * MB) == program_bytes(model) + weights + 400 * MB


def test_a_short_cache_is_taken_whole_and_a_long_one_in_part():
    model = card()
    options = {"kv_type": "f16", "n_threads": 2}

    assert taken_bytes(model, 2048, **options) == context_bytes(model, 2048, **options)
    assert taken_bytes(model, 1 << 20, **options) < context_bytes(model, 1 << 20, **options) / 4


def test_compiling_comes_before_the_weights_and_not_on_top():
    model = card()

    assert loading_bytes(model, 10 * MB, 4, compiles=True) == program_bytes(model) + 600 * MB
    assert loading_bytes(model, 900 * MB, 4, compiles=True) == loading_bytes(model, 900 * MB, 4)


def test_more_than_four_threads_hold_no_more_on_its_way():
    model = card()

    assert loading_bytes(model, 10 * MB, 2) < loading_bytes(model, 10 * MB, 4)
    assert loading_bytes(model, 10 * MB, 64) == loading_bytes(model, 10 * MB, 4)
