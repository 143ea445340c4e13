"""Zero points come off exactly."""

import numpy as np
import pytest
from tests.engine.kernels.products import activations, multiply
from tests.engine.kernels.raw_weights import packed

from octavo.engine.blocks import int4_groups
from octavo.engine.blocks.types import block_type


@pytest.mark.parametrize("group", [32, 64, 128])
@pytest.mark.parametrize("n_tokens", [1, 9])
def test_weights_at_their_zero_points_give_nothing_whatever_the_scale(group, n_tokens):
    zeros = np.random.default_rng(0).integers(0, 16, (20, 256 // group), dtype=np.uint8)
    scales = np.full(zeros.shape, 65504, np.float16)
    raw = int4_groups.pack(np.repeat(zeros, group, axis=1), scales, zeros)

    weights = packed(raw, block_type(f"INT4_G{group}"))

    assert (multiply(weights, activations(n_tokens, 256)) == 0).all()
