import numpy as np
import pytest

from octavo.engine.blocks.carried import can_carry, carry
from octavo.engine.blocks.codec import decode
from octavo.engine.blocks.int4_groups import int4_type, pack
from octavo.engine.blocks.types import block_type


@pytest.mark.parametrize("group", [32, 64, 128])
def test_carried_groups_differ_by_the_rounding_of_the_minimum_alone(group):
    random = np.random.default_rng(0)
    q = random.integers(0, 16, (5, 256), np.uint8)
    zeros = random.integers(0, 16, (5, 256 // group), np.uint8)
    scales = (0.02 * random.random((5, 256 // group))).astype(np.float16)
    kind = int4_type(256, group)

    carried = decode(carry(pack(q, scales, zeros), kind), block_type("Q4_1"))

    scale, zero = (np.repeat(each.astype(np.float64), group, axis=1) for each in (scales, zeros))
    minimum = (-scale * zero).astype(np.float16).astype(np.float64)
    assert np.allclose(carried, scale * q + minimum, rtol=0, atol=1e-8)
    assert np.abs(carried - scale * (q - zero)).max() <= np.abs(scale * zero).max() * 2.0**-11


def test_only_groups_are_carried_and_only_into_q4_1():
    assert can_carry(block_type("INT4_G64"), block_type("Q4_1"))
    assert not can_carry(block_type("INT4_G64"), block_type("Q4_K"))
    assert not can_carry(block_type("Q4_1"), block_type("Q4_1"))
