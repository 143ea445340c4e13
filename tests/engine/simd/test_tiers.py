"""Every operation means the same on every tier."""

from pathlib import Path

import pytest
from tests.engine.simd import tier_children


@pytest.fixture(scope="module")
def children(tmp_path_factory):
    return tier_children.start(Path(__file__).parent, tmp_path_factory.mktemp("tiers"))


@pytest.mark.parametrize("tier", tier_children.OTHERS)
def test_another_tier_passes_the_same_tests(children, tier):
    failures = tier_children.failures(children[tier])

    assert not failures, failures
