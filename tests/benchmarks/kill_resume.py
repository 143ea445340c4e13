"""Kill ``octavo convert`` at random points, run the same command again, and compare the files' SHA-256::

python tests/benchmarks/kill_resume.py MODEL --to Q4_K_M --set mode=best --kills 20
python tests/benchmarks/kill_resume.py FOLDER --to AWQ --kills 5
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
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
    chosen = [part for each in arguments.set for part in ("--set", each)]
    return [*octavo, "--to", arguments.to, "-o", str(target), *chosen, *more]


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


def sha256_of(path: Path) -> str:
    """The digest of a file, or of a folder's file names and digests, as they lie on the disk."""
    if path.is_dir():
        lines = "".join(f"{sha256_of(each)}  {each.name}\n" for each in sorted(path.iterdir()))
        return hashlib.sha256(lines.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def made(line: list[str], folder: Path) -> tuple[str, Path, int]:
    """Run the command to its end in a folder for it alone; the digest, the path, and what it went on behind."""
    report = run_to_the_end(line)
    path = Path(report["output"])
    names = [each.name for each in folder.iterdir()]
    if names != [path.name]:
        raise SystemExit(f"left in the folder: {names}")
    return sha256_of(path), path, report["resumed_tensors"]


def remove(path: Path) -> None:
    """A file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--to", default="Q4_K_M")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to write; by default the temporary folder")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--no-proof", action="store_true")
    parser.add_argument("--octavo-python", default=sys.executable, help="the interpreter that has octavo")
    return parser.parse_args()


def main() -> None:
    """Kill, resume, compare."""
    arguments = parse()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        line = command(arguments, folder / "result.gguf")
        remove(made(line, folder)[1])  # what has to be compiled is compiled now
        started = time.perf_counter()
        expected, path, _ = made(line, folder)
        duration = time.perf_counter() - started
        remove(path)
        digests, n_kills = set(), 0
        while n_kills < arguments.kills:
            after = moments.uniform(0, duration)
            if not kill_after(line, after):  # it was quicker this time
                remove(path)
                continue
            n_kills += 1
            # Killed behind the renaming, it has left the whole result and has nothing more to do.
            digest, n_resumed = (sha256_of(path), -1) if path.exists() else made(line, folder)[::2]
            digests.add(digest)
            print(
                f"{n_kills:3}  killed after {after:6.2f} s of {duration:.2f}, went on behind {n_resumed}",
                flush=True,
            )
            remove(path)
    print(f"{n_kills} kills and resumes, {len(digests)} SHA-256: {', '.join(digests)}")
    if digests != {expected}:
        raise SystemExit("the results differ")


if __name__ == "__main__":
    main()
