"""What is done again in a child process for each other tier of instructions: one for all of it.

Kernels share most of what they are compiled of, so that one process compiles them in half the time of several.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.engine.blocks import digests
from tests.engine.inference import chosen_tokens

from octavo.engine.simd.tier import active_tier

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_FOLDERS = ("simd", "kernels")
# What they are about is the same on every tier.
_WITHOUT = ("simd/test_cache.py", "simd/test_compile_ahead.py", "simd/test_tier.py")
# It has dot products that AVX2 has not, and these neither encode nor choose nor attend (``test_tiers.py`` looks).
WITH_DOTS_ALONE = "avxvnni"
_WITHOUT_DOTS = tuple(
    f"{folder}/test_{each}.py"
    for folder, names in {
        "simd": ("arithmetic", "functions", "half", "lookup", "memory", "threads"),
        "kernels": ("attention", "moments", "pool"),
    }.items()
    for each in names
)


@cache
def digest_lines() -> list[str]:
    """What every encoder writes and a sampler chooses on the tier of this process."""
    return [*digests.of_all_encoders(), *chosen_tokens.of_all_settings()]


def on_tier(tier: str, scratch: Path) -> tuple[list[str], str]:
    """The tier and the digests that a child tells, and what goes wrong in its tests; empty if nothing does.

    Parameters
    ----------
    scratch : Path
        The child's files. In pytest's common folder, two that end in the same moment remove one another's
        leftovers, and one of them fails over it.
    """
    scratch.mkdir()
    report = scratch / "digests"
    given = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    child = subprocess.run(
        [sys.executable, "-m", "tests.engine.tier_child", str(report), str(scratch / "tests")],
        cwd=_ROOT,
        env={**given, "OCTAVO_TIER": tier},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=900,
        check=False,
    )
    told = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    return told, "" if child.returncode == 0 else child.stdout


def main(report: str, scratch: str) -> int:
    """Write the digests to ``report``, run the tests in ``scratch``, and return pytest's status."""
    tier = active_tier().name
    is_asked_for_dots = tier == WITH_DOTS_ALONE
    lines = [] if is_asked_for_dots else digest_lines()
    Path(report).write_text("\n".join([tier, *lines]), encoding="utf-8")
    folders = [str(_HERE / each) for each in _FOLDERS]
    left_out = [*_WITHOUT, *(_WITHOUT_DOTS if is_asked_for_dots else ())]
    without = [f"--ignore={_HERE / each}" for each in left_out]
    return int(pytest.main(["-x", f"--basetemp={scratch}", *folders, *without]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
