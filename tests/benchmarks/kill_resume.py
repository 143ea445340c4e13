"""Kill ``octavo convert`` at random points, run the same command again, and compare the files' SHA-256::

python tests/benchmarks/kill_resume.py MODEL --to Q4_K_M --kills 20
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def command(arguments: argparse.Namespace, target: Path) -> list[str]:
    """The command that is killed, and run again."""
    octavo = [arguments.octavo_python, "-m", "octavo", "convert", str(arguments.model), "--json"]
    more = ["--no-proof"] if arguments.no_proof else []
    return [*octavo, "--to", arguments.to, "-o", str(target), "--set", f"mode={arguments.mode}", *more]


# Any: a report's values are of several kinds.
def run_to_the_end(line: list[str]) -> dict[str, Any]:
    """Run the command and return its report."""
    finished = subprocess.run(line, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(line)} failed:\n{finished.stderr}")
    report: dict[str, Any] = json.loads(finished.stdout)
    return report


def kill_after(line: list[str], seconds: float) -> bool:
    """Start the command and kill it; whether it was still running."""
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def file_sha256(path: Path) -> str:
    """The digest of a file as it lies on the disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--to", default="Q4_K_M")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to write; by default the temporary folder")
    parser.add_argument("--mode", default="quick", help="quick or best")
    parser.add_argument("--no-proof", action="store_true")
    parser.add_argument("--octavo-python", default=sys.executable, help="the interpreter that has octavo")
    return parser.parse_args()


def main() -> None:
    """Kill, resume, compare."""
    arguments = parse()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        whole = Path(folder) / "whole.gguf"
        run_to_the_end(command(arguments, whole))  # what has to be compiled is compiled now
        whole.unlink()
        started = time.perf_counter()
        expected = run_to_the_end(command(arguments, whole))["sha256"]
        duration = time.perf_counter() - started
        whole.unlink()
        digests, n_killed, resumed = set(), 0, []
        for number in range(arguments.kills):
            target = Path(folder) / "result.gguf"
            after = moments.uniform(0, duration)
            while not kill_after(command(arguments, target), after):  # it was quicker this time
                target.unlink()
                after *= 0.9
            n_killed += 1
            if target.exists():
                raise SystemExit("a killed conversion left a file under the final name")
            report = run_to_the_end(command(arguments, target))
            digests.add(file_sha256(target))
            resumed.append(report["resumed_tensors"])
            names = sorted(each.name for each in Path(folder).iterdir())
            if names != ["result.gguf"] or report["sha256"] != expected:
                raise SystemExit(f"after {after:.2f} s: {names}, {report['sha256']} instead of {expected}")
            print(
                f"{number + 1:3}  killed after {after:6.2f} s of {duration:.2f}, went on behind {resumed[-1]}"
            )
            target.unlink()
    print(f"{n_killed} kills, {len(resumed)} resumes, {len(digests)} SHA-256: {', '.join(digests)}")
    if digests != {expected}:
        raise SystemExit("the files differ")


if __name__ == "__main__":
    main()
