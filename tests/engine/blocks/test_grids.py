"""Steps and scales of encoded rows: taken apart and put together again."""

from __future__ import annotations

import numpy as np
import pytest

from octavo.engine.blocks.codec import decode, encode
from octavo.engine.blocks.grids import GRIDS, put_steps, scales_of
from octavo.engine.blocks.types import block_type


@pytest.fixture
def weights():
    return np.random.default_rng(3).normal(size=(5, 512)).astype(np.float32)


@pytest.mark.parametrize("name", GRIDS)
def test_every_step_lies_where_its_group_says(name, weights):
    kind, grid = block_type(name), GRIDS[name]
    raw = encode(weights, kind)
    scale, low = (np.repeat(each, grid.group, axis=1) for each in scales_of(raw, kind))
    steps = (
        np.random.default_rng(4).integers(0, grid.highest - grid.lowest + 1, weights.shape).astype(np.uint8)
    )

    put_steps(raw, steps, kind)

    expected = scale * (steps.astype(np.float32) + grid.lowest) + low
    assert np.abs(decode(raw, kind) - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("name", GRIDS)
def test_own_steps_put_back_change_nothing(name, weights):
    kind, grid = block_type(name), GRIDS[name]
    raw = encode(weights, kind)
    scale, low = (np.repeat(each, grid.group, axis=1) for each in scales_of(raw, kind))
    found = decode(raw, kind)
    steps = np.rint(np.divide(found - low, scale, out=np.zeros_like(found), where=scale != 0)) - grid.lowest
    again = raw.copy()

    put_steps(again, steps.astype(np.uint8), kind)

    assert (decode(again, kind) == found).all()
