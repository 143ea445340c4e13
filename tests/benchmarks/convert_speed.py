"""Time ``octavo convert`` beside ``llama-quantize`` on the same GGUF file: seconds, CPU seconds, most memory.

Each run is a process of its own, in turns; the files that they write are removed::

    python tests/benchmarks/convert_speed.py MODEL-F16.gguf --to Q4_K_M --llama-quantize BUILD/bin/llama-quantize
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """What one conversion took."""

    wall_seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    file_bytes: int


def run(command: Sequence[str], output: Path) -> Run:
    """Run one conversion and take the figures that the system kept of it."""
    output.unlink(missing_ok=True)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{complaint.decode(errors='replace')}")
    return Run(wall_seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output.stat().st_size)


def line(name: str, runs: Sequence[Run]) -> str:
    """Write one side's medians."""
    wall = [each.wall_seconds for each in runs]
    cpu = statistics.median(each.cpu_seconds for each in runs)
    peak = max(each.peak_rss_bytes for each in runs)
    spread = f"({min(wall):.2f} - {max(wall):.2f})"
    return (
        f"| {name} | {statistics.median(wall):.2f} {spread} | {cpu:.2f} | {peak / 1e6:.0f} "
        f"| {runs[-1].file_bytes / 1e6:.1f} |"
    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path, help="a GGUF file")
    parser.add_argument("--to", default="Q4_K_M", help="a name that both know")
    parser.add_argument("--llama-quantize", help="the peer's program; without it Octavo runs alone")
    parser.add_argument("--octavo-python", default=sys.executable, help="the interpreter that has octavo")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of both")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write; by default the temporary folder")
    parser.add_argument("--json", type=Path, help="write every run there")
    return parser.parse_args()


def main() -> None:
    """Convert in turns and print the medians."""
    arguments = parse()
    runs: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        outputs = {"octavo": Path(folder) / "octavo.gguf"}
        octavo = [arguments.octavo_python, "-m", "octavo", "convert", str(arguments.model), "--force"]
        same = ["--threads", str(arguments.threads), "--set", "mode=quick", "--no-proof"]
        commands = {"octavo": [*octavo, "--to", arguments.to, "-o", str(outputs["octavo"]), *same]}
        if arguments.llama_quantize:
            outputs["llama-quantize"] = Path(folder) / "peer.gguf"
            peer = [arguments.llama_quantize, "--allow-requantize", str(arguments.model)]
            peer += [str(outputs["llama-quantize"]), arguments.to, str(arguments.threads)]
            commands["llama-quantize"] = peer
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                runs.setdefault(name, []).append(run(command, outputs[name]))
    print(f"{arguments.model.name} to {arguments.to}, medians of {arguments.rounds}\n")
    print("| program | wall s (min - max) | CPU s | peak RSS MB | file MB |\n| --- | --- | --- | --- | --- |")
    for name, each in runs.items():
        print(line(name, each))
    if arguments.json:
        report = {name: [asdict(one) for one in each] for name, each in runs.items()}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
