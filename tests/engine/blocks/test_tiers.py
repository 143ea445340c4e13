"""Every tier of instructions writes the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.blocks import digests

from octavo.engine.simd.tier import active_tier, available_tiers

ROOT = Path(__file__).parents[3]
OTHERS = [tier.name for tier in available_tiers() if tier != active_tier()]


@pytest.mark.parametrize("tier", OTHERS)
def test_a_tier_writes_the_same_bytes(tier, tmp_path):
    environment = {**os.environ, "OCTAVO_TIER": tier, "OCTAVO_HOME": str(tmp_path)}
    environment.pop("OCTAVO_KERNEL_CACHE", None)

    child = subprocess.run(
        [sys.executable, "-m", "tests.engine.blocks.digests"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=True,
    )

    assert child.stdout.splitlines() == [tier, *digests.of_all_encoders()]
