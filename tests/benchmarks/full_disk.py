"""Let the disk be full at ten points of ``octavo convert``: one sentence, and nothing left behind::

    python tests/benchmarks/full_disk.py MODEL --to Q4_K_M
    python tests/benchmarks/full_disk.py demo --to Q4_K_M --set mode=best

Where the system can, Octavo claims the space before it starts, so a full disk is met in the middle of the work only
where it cannot: the child has no ``posix_fallocate``, and the system limits the size of its files.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = """
import os, resource, sys
limit = int(sys.argv.pop(1))
if limit:
    del os.posix_fallocate
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from octavo.cli.main import run_command
sys.exit(run_command(sys.argv[1:]))
"""


def convert(
    arguments: argparse.Namespace, target: Path, limit: int, *more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a child whose files may have ``limit`` bytes; 0 for any size."""
    chosen = [part for each in arguments.set or ["mode=quick"] for part in ("--set", each)]
    to = ["--to", arguments.to, "-o", str(target)]
    line = ["convert", str(arguments.model), *to, *chosen, "--no-proof", *more]
    command = [arguments.octavo_python, "-c", CHILD, str(limit), *line]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> None:
    """Try ten points, the last one byte before the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--to", default="Q4_K_M")
    parser.add_argument("--set", action="append", metavar="OPTION=VALUE", help="by default mode=quick")
    parser.add_argument("--folder", type=Path, help="where to write; by default the temporary folder")
    parser.add_argument("--octavo-python", default=sys.executable, help="the interpreter that has octavo")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        target = Path(folder) / "result.gguf"
        size = json.loads(convert(arguments, target, 0, "--json").stdout)["file_bytes"]
        target.unlink()
        points = [size * n // 10 + 1 for n in range(9)] + [size - 1]
        for limit in points:
            refused = convert(arguments, target, limit)
            lines = [line for line in refused.stderr.splitlines() if line.startswith("octavo:")]
            left = [each.name for each in Path(folder).iterdir()]
            print(f"{limit:12,} of {size:,} bytes: exit {refused.returncode}, {lines}, left: {left}")
            if refused.returncode != 1 or len(lines) != 1 or left:
                raise SystemExit(refused.stderr)
    print(f"{len(points)} full disks, nothing left")


if __name__ == "__main__":
    main()
