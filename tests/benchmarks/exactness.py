"""How exact every kernel is on every tier that this machine has: against the same products in float64.

    python tests/benchmarks/exactness.py

Prints a Markdown table of the largest relative errors, of one token (matrix times vector) and of nine (panels and
tiles). An error is relative to the sum of the products' magnitudes, so that sums which cancel count fairly. Blocks
are random, of both signs, zero, the largest, subnormal, and all ones; activations are loud, quiet and empty.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKENS = (1, 9)
ROWS, COLUMNS = 33, 512


def errors() -> dict[str, list[float]]:
    """The largest error of each block type, for one token and for nine, on the tier of this process."""
    sys.path.insert(0, str(ROOT))
    import numpy as np
    from tests.engine.kernels.products import activations, meaning, multiply, packed_values
    from tests.engine.kernels.raw_weights import ALL, KINDS, make

    found: dict[str, list[float]] = {}
    for name in ALL:
        worst = [0.0 for _ in TOKENS]
        for kind in KINDS:
            weights, matrix = make(name, ROWS, COLUMNS, kind)
            for at, n_tokens in enumerate(TOKENS):
                x = activations(n_tokens, COLUMNS)
                taken = x.astype(np.float64) if weights.is_float else packed_values(x)
                size = np.abs(taken) @ np.abs(matrix).T
                off = np.abs(multiply(weights, x)[:, :ROWS] - meaning(weights, matrix, x))
                relative = np.divide(off, size, out=off.copy(), where=size > 0)
                worst[at] = max(worst[at], float(relative.max()))
        found[name] = worst
    return found


def errors_of(tier: str) -> dict[str, list[float]]:
    """The same on another tier, in a process of its own."""
    command = [sys.executable, str(Path(__file__)), "--here"]
    environment = {**os.environ, "OCTAVO_TIER": tier}
    said = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True).stdout
    answer: dict[str, list[float]] = json.loads(said)
    return answer


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--here", action="store_true", help="only this process's tier, as JSON")
    if parser.parse_args().here:
        print(json.dumps(errors()))
        return
    from octavo.engine.simd.tier import available_tiers

    tiers = [each.name for each in available_tiers()]
    tables = [errors_of(tier) for tier in tiers]
    print(f"| type | {' | '.join(tiers)} |\n|{' --- |' * (len(tiers) + 1)}")
    for name in tables[0]:
        cells = [" / ".join(f"{error:.1e}" for error in table[name]) for table in tables]
        print(f"| {name} | {' | '.join(cells)} |")
    largest = max(error for table in tables for each in table.values() for error in each)
    print(f"\nlargest: {largest:.1e}")


if __name__ == "__main__":
    main()
