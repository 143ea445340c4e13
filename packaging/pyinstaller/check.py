"""Does a frozen folder work on its own? Every step in a fresh home, with no program in PATH.

    python packaging/pyinstaller/check.py build/frozen/octavo

Prints one line per step, with seconds; ends with 1 at the first that fails. The window is started off the screen, or on
the one that DISPLAY names, and must take the call of a second start.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WINDOW_SECONDS = 60
ANSWER_SECONDS = 600


def environment(home: Path) -> dict[str, str]:
    """Nothing of this shell but its display."""
    kept = {
        "HOME": str(home),
        "OCTAVO_HOME": str(home / "octavo"),
        "PATH": str(home / "none"),
        "LANG": "C.UTF-8",
    }
    if "DISPLAY" in os.environ:
        return {**kept, "DISPLAY": os.environ["DISPLAY"]}
    return {**kept, "QT_QPA_PLATFORM": "offscreen"}


def check_commands(program: Path, home: Path) -> None:
    """Every part that a command reaches: resources, plugins, compiler, kernels, converter."""
    made = home / "demo.gguf"
    steps = (
        ["--version"],
        ["plugins", "--json"],
        ["chat", "demo", "--prompt", "Who wrote Macbeth?", "--temperature", "0", "--json"],
        ["convert", "demo", "--to", "Q4_K_M", "--set", "mode=quick", "-o", str(made), "--json"],
        ["inspect", str(made), "--json"],
    )
    for arguments in steps:
        started = time.monotonic()
        done = subprocess.run(
            [str(program), *arguments],
            env=environment(home),
            capture_output=True,
            encoding="utf-8",
            timeout=ANSWER_SECONDS,
            check=False,
        )
        told = done.stdout.strip()
        if done.returncode:
            sys.exit(f"{arguments[0]}: exit {done.returncode}\n{done.stderr}")
        answer = json.loads(told).get("text", "") if arguments[0] == "chat" else " ".join(told.split())[:60]
        print(f"{arguments[0]}: {time.monotonic() - started:.1f} s  {answer}")


def check_window(program: Path, home: Path) -> None:
    """The window comes up, starts its engine, and takes a call of a second start."""
    started = time.monotonic()
    window = subprocess.Popen([str(program)], env=environment(home), stderr=subprocess.PIPE)
    try:
        while not children_of(window.pid):
            if window.poll() is not None or time.monotonic() - started > WINDOW_SECONDS:
                sys.exit("window: it did not start its engine")
            time.sleep(0.05)
        print(f"window: its engine started after {time.monotonic() - started:.1f} s")
        second = subprocess.run(
            [str(program)],
            env=environment(home),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        if second.returncode or "open already" not in second.stderr:
            sys.exit(f"window: a second start was not handed over\n{second.stderr}")
        print("window: it took the call of a second start")
    finally:
        window.terminate()
        window.wait(30)


def children_of(number: int) -> str:
    """The processes that process ``number`` has started (Linux)."""
    return Path(f"/proc/{number}/task/{number}/children").read_text()


def main() -> None:
    """Check the folder that the command line names."""
    folder = Path(sys.argv[1]).resolve()
    size = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
    print(f"folder: {size / 1e6:,.0f} MB")
    with tempfile.TemporaryDirectory() as home:
        check_window(folder / "octavo", Path(home))
        check_commands(folder / "octavo", Path(home))


if __name__ == "__main__":
    main()
