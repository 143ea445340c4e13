"""Tokens are chosen as the settings say: candidates and probabilities of plain numpy, drawn fairly."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.engine.inference import plain_sampling

from octavo.engine.errors import OctavoError
from octavo.engine.inference.sampler import Sampler
from octavo.engine.inference.sampling import Sampling

ALL = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
SETTINGS = {
    "greedy": {"temperature": 0.0},
    "greedy with penalties": {"temperature": 0.0, "repeat_penalty": 1.8, "presence_penalty": 3.0},
    "default": {},
    "all": ALL,
    "all but hot": ALL | {"temperature": 40.0},
    "top-k": ALL | {"top_k": 40},
    "large top-k": ALL | {"top_k": 900},
    "top-k beyond the vocabulary": ALL | {"top_k": 1_000_000},
    "top-p": ALL | {"top_p": 0.9},
    "top-p of a flat row": ALL | {"top_p": 0.9, "temperature": 20.0},
    "min-p": ALL | {"min_p": 0.001},
    "min-p of 1": ALL | {"min_p": 1.0},
    "typical": ALL | {"typical_p": 0.5},
    "typical of a flat row": ALL | {"typical_p": 0.9, "temperature": 20.0},
    "everything": {"temperature": 2.0, "top_k": 300, "top_p": 0.8, "min_p": 0.001, "typical_p": 0.9},
    "repetition": ALL | {"repeat_penalty": 1.5},
    "presence and frequency": ALL | {"presence_penalty": 2.0, "frequency_penalty": -0.75},
    "few recent": ALL | {"repeat_penalty": 0.5, "frequency_penalty": 1.0, "penalty_tokens": 3},
    "no recent": ALL | {"repeat_penalty": 2.0, "penalty_tokens": 0},
    "biases": {"logit_bias": {2: 8.0, 5: -3.0, 11: -np.inf}},
    "biases and penalties": {
        "logit_bias": ((2, 4.0), (2, 4.0), (9, 2.0)),
        "repeat_penalty": 2.0,
        "temperature": 5.0,
    },
}
HISTORY = [2, 9, 9, 9, 4, 2, 7, 0, 9]


def rows(n):
    random = np.random.default_rng(n)
    row = (4 * random.standard_normal(n)).astype(np.float32)
    yield row
    yield np.round(row)  # many are equal
    yield np.where(random.random(n) < 0.3, -np.inf, row).astype(np.float32)
    yield np.zeros(n, np.float32) * np.where(random.random(n) < 0.5, -1, 1).astype(np.float32)  # both zeros


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("n", [12, 64, 1003, 49_152])
def test_candidates_and_probabilities_are_those_of_plain_numpy(settings, n):
    sampling = Sampling(seed=0, **settings)
    for row in rows(n):
        for mask in (None, (np.random.default_rng(1).random(n) < 0.6).astype(np.uint8)):
            sampler, before = Sampler(sampling), row.copy()
            token = sampler.choose(row, HISTORY, mask)
            ids, probabilities = sampler.candidates()
            plain_ids, plain_probabilities = plain_sampling.candidates(row, sampling, HISTORY, mask)
            np.testing.assert_array_equal(ids, plain_ids)
            np.testing.assert_allclose(probabilities, plain_probabilities, rtol=0, atol=1e-12)
            assert probabilities[ids == token] > 0
            np.testing.assert_array_equal(row.view(np.int32), before.view(np.int32))


def test_tokens_are_drawn_as_often_as_their_probabilities_say():
    logits = np.log(np.array([0.4, 0.3, 0.15, 0.1, 0.04, 0.01], np.float32))
    sampler, n = Sampler(Sampling(temperature=1.0, seed=3, **ALL)), 20_000

    counts = np.bincount([sampler.choose(logits) for _ in range(n)], minlength=6)

    expected = n * np.exp(logits.astype(np.float64))
    # Chi-square with 5 degrees of freedom exceeds 20.5 once in a thousand seeds.
    assert ((counts - expected) ** 2 / expected).sum() < 20.5


def test_neighbouring_draws_of_one_seed_and_first_draws_of_many_are_independent():
    logits = np.zeros(16, np.float32)
    sampler = Sampler(Sampling(temperature=1.0, seed=0, **ALL))
    one = [sampler.choose(logits) for _ in range(4000)]
    many = [Sampler(Sampling(temperature=1.0, seed=seed, **ALL)).choose(logits) for seed in range(4000)]
    for drawn in (one, many):
        pairs = np.bincount(16 * np.array(drawn[:-1]) + drawn[1:], minlength=256)
        # Chi-square with 255 degrees of freedom exceeds 331 once in a thousand.
        assert ((pairs - 3999 / 256) ** 2 / (3999 / 256)).sum() < 331


def test_same_seed_draws_the_same_and_another_draws_something_else():
    logits = np.zeros(50_000, np.float32)
    texts = []
    for seed in (5, 5, 6, None, None, 2**64 - 1):
        sampler = Sampler(Sampling(temperature=1.0, seed=seed, **ALL))
        texts.append(tuple(sampler.choose(logits) for _ in range(4)))
    assert texts[0] == texts[1]
    assert len(set(texts)) == 5


@pytest.mark.parametrize("settings", [{"temperature": 0.0}, {}, ALL], ids=["greedy", "default", "all"])
@pytest.mark.parametrize("place", [0, 70, 129])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_refused(settings, place, value):
    logits = np.zeros(130, np.float32)
    logits[place] = value
    with pytest.raises(OctavoError, match="no numbers"):
        Sampler(Sampling(**settings)).choose(logits)


@pytest.mark.parametrize("settings", [{"temperature": 0.0}, {}, ALL], ids=["greedy", "default", "all"])
def test_forbidding_every_token_is_refused(settings):
    sampler, logits = Sampler(Sampling(**settings)), np.zeros(130, np.float32)
    with pytest.raises(OctavoError, match="all of them are forbidden"):
        sampler.choose(logits, mask=np.zeros(130, np.uint8))
    only = np.zeros(130, np.uint8)
    only[129] = 1
    assert sampler.choose(logits, mask=only) == 129
    logits[:] = -np.inf
    with pytest.raises(OctavoError, match="all of them are forbidden"):
        sampler.choose(logits)


def test_another_vocabulary_gets_buffers_of_its_size():
    sampler = Sampler(Sampling(temperature=0.0, logit_bias={5: 1.0}))
    assert sampler.choose(np.zeros(70_000, np.float32)) == 5
    assert sampler.choose(np.zeros(6, np.float32)) == 5
    with pytest.raises(OctavoError, match="no token 5"):
        sampler.choose(np.zeros(5, np.float32))


@pytest.mark.parametrize(
    ("logits", "mask"),
    [
        (np.zeros(8), None),
        (np.zeros(16, np.float32)[::2], None),
        (np.zeros((2, 4), np.float32), None),
        (np.zeros(8, np.float32), np.ones(7, np.uint8)),
        (np.zeros(8, np.float32), np.ones(8, np.float32)),
    ],
)
def test_arrays_of_another_kind_never_reach_compiled_code(logits, mask):
    with pytest.raises(ValueError, match="contiguous"):
        Sampler(Sampling()).choose(logits, mask=mask)


def test_logits_that_cannot_be_written_are_refused():
    logits = np.zeros(8, np.float32)
    logits.flags.writeable = False
    with pytest.raises(ValueError, match="written"):
        Sampler(Sampling()).choose(logits)


def test_changed_logits_history_and_mask_count_at_the_next_choice():
    sampler, logits = Sampler(Sampling(temperature=0.0, presence_penalty=5.0)), np.zeros(80, np.float32)
    logits[3] = 4
    assert sampler.choose(logits) == 3
    assert sampler.choose(logits, [3]) == 0
    logits[70] = 8
    assert sampler.choose(logits, [3]) == 70
    assert sampler.choose(logits, [70]) == 3
    mask = np.ones(80, np.uint8)
    mask[[3, 70]] = 0
    assert sampler.choose(logits, [], mask) == 0
    mask[3] = 1
    assert sampler.choose(logits, [], mask) == 3
    assert sampler.choose(logits, []) == 70


def test_a_history_outside_the_vocabulary_never_reaches_compiled_code():
    sampler = Sampler(Sampling(repeat_penalty=1.1))
    for token in (-1, 8):
        with pytest.raises(ValueError, match="history"):
            sampler.choose(np.zeros(8, np.float32), [token])


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -0.1},
        {"temperature": np.nan},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"min_p": 1.5},
        {"typical_p": 0.0},
        {"repeat_penalty": 0.0},
        {"presence_penalty": np.inf},
        {"frequency_penalty": -101.0},
        {"penalty_tokens": -1},
        {"penalty_tokens": 1 << 40},
        {"seed": -1},
        {"seed": 1 << 64},
        {"logit_bias": {-1: 1.0}},
        {"logit_bias": {1: np.nan}},
        {"logit_bias": {1: np.inf}},
    ],
)
def test_a_setting_out_of_range_is_refused_with_a_sentence(settings):
    with pytest.raises(OctavoError) as refused:
        Sampler(Sampling(**settings))
    assert refused.value.message.endswith(".")
    assert refused.value.hint


def test_settings_travel_as_plain_data():
    sampling = Sampling(seed=1, typical_p=0.9, logit_bias={7: -2.5, 3: 1.0})
    assert sampling.logit_bias == ((7, -2.5), (3, 1.0))
    assert hash(sampling) == hash(Sampling(seed=1, typical_p=0.9, logit_bias=((7, -2.5), (3, 1.0))))
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(sampling)), Sampling) == sampling
