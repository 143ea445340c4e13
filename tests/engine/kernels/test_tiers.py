"""The kernels pass their tests on every tier."""

from pathlib import Path

import pytest
from tests.engine.simd import tier_children


@pytest.mark.parametrize("tier", tier_children.OTHERS)
def test_another_tier_passes_the_same_tests(tier, tmp_path):
    failures = tier_children.failures(Path(__file__).parent, tier, tmp_path / "child")

    assert not failures, failures
