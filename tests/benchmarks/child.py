"""The asking end of ``serve.py``: starts one side in its own interpreter and puts questions to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Child:
    """One loaded side; only one question is under way at a time."""

    def __init__(self, python: str, side: str, model: Path, n_threads: int, context_tokens: int) -> None:
        self.side = side
        script = Path(__file__).with_name("serve.py")
        command = [python, str(script), side, str(model), str(n_threads), str(context_tokens)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    # Any: an answer's values differ from command to command.
    def ask(self, command: str, **arguments: object) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.side} ended with status {self._process.wait()} at {command}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()


@contextmanager
def children(
    pythons: dict[str, str], model: Path, n_threads: int, context_tokens: int
) -> Iterator[list[Child]]:
    """Load ``model`` on every side, one after the other, and end them all afterwards."""
    started: list[Child] = []
    try:
        for side, python in pythons.items():
            started.append(Child(python, side, model, n_threads, context_tokens))
            started[-1].ask("about")
        yield started
    finally:
        for child in started:
            child.stop()


@contextmanager
def busy_processes(n_processes: int) -> Iterator[None]:
    """Keep processors busy with endless loops, as a browser or a build would."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n_processes)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
