"""What is done again in child processes, one for each other tier of instructions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from octavo.engine.simd.tier import active_tier, available_tiers

ROOT = Path(__file__).parents[3]
OTHERS = [tier.name for tier in available_tiers() if tier != active_tier()]


def failures(folder: Path, tier: str, scratch: Path) -> str:
    """What goes wrong in the tests of ``folder``, less ``test_tiers.py``, on another tier; empty if nothing does.

    The child keeps its files in ``scratch``: in pytest's common folder, two that end in the same moment
    remove one another's leftovers, and one of them fails over it.
    """
    given = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    child = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-x", f"--basetemp={scratch}"),
            *(str(folder), f"--ignore={folder / 'test_tiers.py'}"),
        ],
        cwd=ROOT,
        env={**given, "OCTAVO_TIER": tier},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=900,
        check=False,
    )
    return "" if child.returncode == 0 else child.stdout


def lines(module: str, tier: str) -> list[str]:
    """What ``python -m module`` prints on another tier."""
    child = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={**os.environ, "OCTAVO_TIER": tier},
        capture_output=True,
        encoding="utf-8",
        timeout=900,
        check=True,
    )
    return child.stdout.splitlines()
