"""Every tier of instructions writes the same bytes."""

import pytest
from tests.engine.blocks import digests
from tests.engine.simd import tier_children


@pytest.mark.parametrize("tier", tier_children.OTHERS)
def test_a_tier_writes_the_same_bytes(tier):
    said = tier_children.lines("tests.engine.blocks.digests", tier)

    assert said == [tier, *digests.of_all_encoders()]
