"""Predicted and measured memory of conversions: a table for given models and formats.

    python tests/benchmarks/fit_convert.py MODEL... --to Q8_0 Q4_K_M

Each row is ``octavo convert`` in a process of its own, without calibration and proof (which loads the models, as far as
memory allows); the prediction is that of ``octavo fit``. The files that are written are removed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

OCTAVO = [sys.executable, "-m", "octavo"]


def asked(*arguments: str) -> Any:  # what JSON holds
    """What a command tells as JSON."""
    done = subprocess.run([*OCTAVO, *arguments, "--json"], capture_output=True, encoding="utf-8", check=True)
    return json.loads(done.stdout)


def line(model: Path, quantizer: str, predicted: int, folder: Path) -> str:
    """Convert once and compare."""
    target = folder / "converted.gguf"
    found = asked(
        "convert",
        str(model),
        "--to",
        quantizer,
        "-o",
        str(target),
        "--force",
        "--no-proof",
        "--set",
        "mode=quick",
    )
    measured = found["peak_rss_bytes"]
    apart = f"{(predicted - measured) / 1e6:.0f} ({predicted / measured - 1:+.0%})"
    return f"| {model.stem} | {quantizer} | {predicted / 1e6:.0f} | {measured / 1e6:.0f} | {apart} |"


def main() -> None:
    """Convert all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--to", nargs="+", default=["Q8_0", "Q4_K_M"])
    options = parser.parse_args()
    print("| model | to | predicted | measured | difference |\n| --- | --- | --: | --: | --: |")
    for model in options.models:
        predicted = asked("fit", str(model), "--no-probe")["convert_bytes"]
        for quantizer in options.to:
            with tempfile.TemporaryDirectory(dir=model.parent) as folder:
                print(line(model, quantizer, predicted, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
