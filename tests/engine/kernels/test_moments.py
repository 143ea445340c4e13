"""Second moments, summed in one order whatever the shares."""

from __future__ import annotations

import numpy as np
import pytest

from octavo.engine.kernels.moments import add_moments


def summed(inputs, parts):
    target = np.ones((inputs.shape[1],) * 2, np.float32)
    for first, last in parts:
        add_moments(inputs.ctypes.data, target.ctypes.data, *inputs.shape, first, last)
    return target


@pytest.fixture
def inputs():
    return np.random.default_rng(0).normal(size=(33, 96)).astype(np.float32)


def test_the_upper_triangle_is_added(inputs):
    found = summed(inputs, [(0, 12)])

    expected = 1 + inputs.astype(np.float64).T @ inputs
    assert np.abs(np.triu(found - expected)).max() < 1e-4


def test_shares_do_not_change_a_bit(inputs):
    assert (summed(inputs, [(7, 12), (0, 3), (3, 7)]) == summed(inputs, [(0, 12)])).all()
