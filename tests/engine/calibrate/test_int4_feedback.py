"""Groups of 4 bits settled together: the plain float64 meaning beside the kernels, and what sweeps gain."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from octavo.engine.calibrate.int4_feedback import make_coupling, round_groups

COLUMNS, DAMPING = 256, 0.1


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(1).normal(size=(20, COLUMNS)).astype(np.float32)


@pytest.fixture(scope="module")
def moments():
    """Of inputs that move together, some columns much larger than others."""
    random = np.random.default_rng(2)
    inputs = random.normal(size=(1000, 40)) @ random.normal(size=(40, COLUMNS))
    inputs += 2 * random.normal(size=inputs.shape)
    inputs *= np.exp(random.normal(size=COLUMNS))
    return (inputs.T @ inputs / len(inputs)).astype(np.float32)


def damped(moments):
    wide = moments.astype(np.float64)
    return wide + DAMPING * np.diag(wide).mean() * np.eye(len(wide))


def opened(q, scales, zeros):
    """The weights that groups stand for, float64."""
    group = q.shape[1] // scales.shape[1]
    return np.repeat(scales.astype(np.float64), group, 1) * (
        q.astype(np.float64) - np.repeat(zeros.astype(np.float64), group, 1)
    )


def loss(weights, found, moments):
    change = weights.astype(np.float64) - found
    return float(np.einsum("ij,jk,ik->", change, damped(moments), change))


def nearest(weights, group, symmetric):
    """Plain rounding of [rows, columns] in float64."""
    some = weights.astype(np.float64).reshape(len(weights), -1, group)
    if symmetric:
        scale, zero = np.abs(some).max(2) / 7.5, np.full(some.shape[:2], 8.0)
    else:
        scale = (some.max(2) - some.min(2)) / 15
        zero = np.clip(np.rint(-some.min(2) / scale), 0, 15)
    codes = np.clip(np.rint(some / scale[..., None]) + zero[..., None], 0, 15)
    return ((codes - zero[..., None]) * scale[..., None]).reshape(weights.shape)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("group", [32, 64, 128])
def test_outputs_are_far_nearer_than_with_each_weight_rounded_by_itself(weights, moments, group, symmetric):
    coupling = make_coupling(moments.copy(), DAMPING)
    found = opened(*round_groups(weights, group, coupling, symmetric=symmetric))

    plain = loss(weights, nearest(weights, group, symmetric), moments)
    assert loss(weights, found, moments) < 0.5 * plain


@pytest.mark.parametrize("symmetric", [False, True])
def test_each_sweep_takes_error_away(weights, moments, symmetric):
    coupling = make_coupling(moments.copy(), DAMPING)
    losses = [
        loss(weights, opened(*round_groups(weights, 64, coupling, symmetric=symmetric, n_sweeps=n)), moments)
        for n in range(4)
    ]

    assert losses[3] < 0.95 * losses[0]
    assert all(after <= before * 1.0001 for before, after in itertools.pairwise(losses))


def test_codes_of_the_first_pass_are_those_of_the_plain_formula(weights, moments):
    coupling = make_coupling(moments.copy(), DAMPING)
    q, scales, zeros = round_groups(weights, 64, coupling, symmetric=False, n_sweeps=0)
    # D and R of damped moments = R D R^T, from scratch.
    factor = np.linalg.cholesky(damped(moments)[::-1, ::-1])[::-1, ::-1]
    shares = factor / np.diag(factor)
    chosen = opened(q, scales, zeros)
    scale, zero = (np.repeat(each.astype(np.float64), 64, 1) for each in (scales, zeros))
    expected = np.empty(weights.shape)
    for column in range(COLUMNS):
        # What was chosen decides what comes after, also where float32 fell on the other side of a half.
        before = (weights - chosen)[:, :column] @ shares[:column, column]
        expected[:, column] = np.rint((weights[:, column] + before) / scale[:, column]) + zero[:, column]

    assert (np.clip(expected, 0, 15) != q).mean() < 2e-3


def test_after_the_sweeps_hardly_a_code_or_scale_could_be_better(weights, moments):
    coupling = make_coupling(moments.copy(), DAMPING)
    q, scales, zeros = round_groups(weights, 64, coupling, symmetric=False, n_sweeps=12)
    wide = damped(moments)
    pulled = (weights - opened(q, scales, zeros)) @ wide
    scale, zero = (np.repeat(each.astype(np.float64), 64, 1) for each in (scales, zeros))
    better = np.clip(np.rint(pulled / np.diag(wide) / scale + q), 0, 15)
    codes = (q - zero).reshape(len(q), -1, 64)
    blocks = np.stack([wide[at : at + 64, at : at + 64] for at in range(0, COLUMNS, 64)])
    energy = np.einsum("rgi,gij,rgj->rg", codes, blocks, codes)
    step = np.einsum("rgi,rgi->rg", codes, pulled.reshape(codes.shape)) / energy

    assert (better != q).mean() < 0.01
    assert np.abs(step / scales.astype(np.float64)).max() < 0.002  # two roundings to 16 bits


def test_without_clipping_the_first_range_holds_the_largest_weights(moments):
    weights = np.zeros((16, COLUMNS), np.float32)
    weights[:, ::64] = 8
    weights[:, 1::64] = -7
    coupling = make_coupling(np.eye(COLUMNS, dtype=np.float32), DAMPING)

    found = opened(*round_groups(weights, 64, coupling, symmetric=False, clips=False))

    assert np.allclose(found, weights, atol=1e-2)


@pytest.mark.parametrize("symmetric", [False, True])
def test_a_rows_codes_depend_on_that_row_alone(weights, moments, symmetric):
    coupling = make_coupling(moments.copy(), DAMPING)
    whole = round_groups(weights, 64, coupling, symmetric=symmetric)
    some = round_groups(weights[3:8], 64, coupling, symmetric=symmetric)

    for one, other in zip(whole, some, strict=True):
        assert np.array_equal(one[3:8], other)


def test_rows_and_inputs_of_zeros_do_no_harm(weights, moments):
    spoilt, dead = weights.copy(), moments.copy()
    spoilt[4] = 0
    spoilt[:, 64:128] = 0
    dead[:, 128:192] = dead[128:192] = 0
    for symmetric in (False, True):
        found = opened(*round_groups(spoilt, 64, make_coupling(dead.copy(), 0.0), symmetric=symmetric))

        assert np.isfinite(found).all()
        assert not found[4].any()
