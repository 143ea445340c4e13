"""What goes into a product, summed."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.types import block_type
from octavo.engine.calibrate.feedback import encode_with_feedback, feedback_in_place
from octavo.engine.calibrate.moments import FIRST_TOKEN, Moments


def test_mean_squares_are_an_importance_matrix():
    inputs = np.random.default_rng(0).normal(size=(50, 32)).astype(np.float32)
    moments = Moments(32)
    moments.add(inputs[:20])
    moments.add(inputs[20:], np.full(30, 7, np.float32))

    assert moments.n_tokens == 50
    assert np.allclose(moments.mean_squares(), (inputs**2).mean(axis=0), rtol=1e-5)


def test_a_first_token_counts_as_many_others():
    inputs = np.zeros((100, 2), np.float32)
    inputs[0] = 5, 0
    inputs[1:, 1] = 1
    moments = Moments(2)
    moments.add(inputs)

    energy = (25 + 99) / 100
    assert np.allclose(moments.weighted(), np.diag([25 + FIRST_TOKEN * energy, 99]) / 100, rtol=1e-5)


def test_tokens_count_as_their_weights_say():
    inputs = np.eye(3, dtype=np.float32)
    moments = Moments(3)
    moments.add(inputs, np.array([0, 4, 9], np.float32))
    moments.add(np.zeros((2, 3), np.float32))

    counted = np.diag(moments.weighted())

    assert np.allclose(counted[2] / counted[1], 9 / 4)


def test_nothing_at_all_gives_no_moments():
    moments = Moments(2)
    moments.add(np.zeros((4, 2), np.float32))

    assert (moments.weighted() == 0).all()


def test_half_of_the_moments_is_the_whole_above_the_diagonal():
    inputs = np.random.default_rng(0).normal(size=(50, 100)).astype(np.float32)
    whole, half = Moments(100), Moments(100)
    for each in (whole, half):
        each.add(inputs)

    found = half.weighted_half()

    assert np.array_equal(np.triu(found), np.triu(whole.weighted()))
    assert not found[64:, :32].any()


def test_factors_of_half_of_the_moments_round_alike():
    random = np.random.default_rng(1)
    inputs = random.normal(size=(600, 512)).astype(np.float32)
    weights = random.normal(size=(20, 512)).astype(np.float32)
    encoded = []
    for read in (Moments.weighted, Moments.weighted_half):
        moments = Moments(512)
        moments.add(inputs)
        found = read(moments)
        feedback = feedback_in_place(found, np.diag(found).copy(), 0.1)
        encoded.append(encode_with_feedback(weights, block_type("Q4_K"), feedback))

    assert np.array_equal(*encoded)
