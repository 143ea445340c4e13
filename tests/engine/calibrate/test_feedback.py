"""Error feedback: less error in the outputs, on any grid, with the plain meaning beside it."""

from __future__ import annotations

import numpy as np
import pytest

from octavo.engine.blocks.codec import decode, encode
from octavo.engine.blocks.grids import GRIDS, scales_of
from octavo.engine.blocks.types import block_type
from octavo.engine.calibrate.feedback import encode_with_feedback, make_feedback

COLUMNS = 512


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(1).normal(size=(20, COLUMNS)).astype(np.float32)


@pytest.fixture(scope="module")
def moments():
    """Of inputs that move together."""
    random = np.random.default_rng(2)
    inputs = random.normal(size=(2000, 40)) @ random.normal(size=(40, COLUMNS))
    inputs += 2 * random.normal(size=inputs.shape)
    return (inputs.T @ inputs / len(inputs)).astype(np.float32)


def output_error(weights, raw, kind, moments):
    difference = (decode(raw, kind) - weights).astype(np.float64)
    return np.einsum("ij,jk,ik->", difference, moments, difference)


@pytest.mark.parametrize("name", GRIDS)
def test_outputs_are_nearer_than_with_importance_alone(name, weights, moments):
    kind, importance = block_type(name), np.diag(moments).copy()
    plain = encode(weights, kind, None if name == "Q8_0" else importance)

    found = encode_with_feedback(weights, kind, make_feedback(moments, importance, 0.01))

    assert found.shape == plain.shape
    assert output_error(weights, found, kind, moments) < 0.7 * output_error(weights, plain, kind, moments)


@pytest.mark.parametrize("name", ["Q5_0", "Q4_K"])
def test_steps_are_those_of_the_plain_formula(name, weights, moments):
    kind, grid = block_type(name), GRIDS[name]
    feedback = make_feedback(moments, np.diag(moments).copy(), 0.1)
    raw = encode_with_feedback(weights, kind, feedback)
    scale, low = (np.repeat(each, grid.group, axis=1).astype(np.float64) for each in scales_of(raw, kind))
    errors = np.zeros(weights.shape)
    expected = np.empty(weights.shape)
    for column in range(COLUMNS):
        value = weights[:, column] + errors @ feedback.shares[:, column].astype(np.float64)
        step = (value - low[:, column]) / np.where(scale[:, column] == 0, np.inf, scale[:, column])
        step = np.clip(np.rint(step), grid.lowest, grid.highest)
        expected[:, column] = step * scale[:, column] + low[:, column]
        # What was chosen decides what comes after, also where float32 fell on the other side of a half.
        errors[:, column] = weights[:, column] - decode(raw, kind)[:, column]

    differs = np.abs(decode(raw, kind) - expected) > 1e-4

    assert differs.mean() < 1e-3


def test_inputs_that_are_always_zero_do_no_harm(weights, moments):
    dead = moments.copy()
    dead[:, 32:96] = dead[32:96] = 0
    kind = block_type("Q5_0")

    raw = encode_with_feedback(weights, kind, make_feedback(dead, np.diag(dead).copy(), 0.0))

    assert np.isfinite(decode(raw, kind)).all()


@pytest.mark.parametrize("name", ["Q4_K", "Q5_0"])
def test_bytes_of_a_row_depend_on_that_row_alone(name, weights, moments):
    kind = block_type(name)
    feedback = make_feedback(moments, np.diag(moments).copy(), 0.1)
    together = encode_with_feedback(weights, kind, feedback)

    apart = [encode_with_feedback(part, kind, feedback) for part in (weights[:5], weights[5:])]

    assert (np.concatenate(apart) == together).all()
