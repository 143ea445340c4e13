"""Commands that load a stranger's plugin run in a process of their own, so that its sudden end is told in a sentence.

A plugin can end the process that it runs in, on purpose (``os._exit``) or by a fault in compiled code. Nothing can be
said then from within: so the command starts itself once more, waits, and speaks where it ended without a farewell.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from octavo.cli.output import print_note

EXIT_REFUSED = 1
EXIT_STOPPED = 130
FAREWELL = "OCTAVO_FAREWELL"  # in the environment: the file that is removed where a command ends as it should
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class StrangersAsked(Exception):
    """A command is about to load plugins that did not come with Octavo, in a process that nobody watches."""

    def __init__(self, plugins: Collection[str]) -> None:
        super().__init__(*plugins)
        self.plugins = sorted(plugins)


def require_watched(plugins: Collection[str]) -> None:
    """Return where somebody watches, or there is no stranger's plugin to load; else raise ``StrangersAsked``."""
    if plugins and FAREWELL not in os.environ:
        raise StrangersAsked(plugins)


@contextlib.contextmanager
def farewell() -> Iterator[None]:
    """Tell who watches that what ended here ended as it should."""
    path = os.environ.get(FAREWELL)
    if path and sys.platform == "linux":  # gone with its watcher, as if it had been killed itself
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        yield
    finally:
        if path:
            Path(path).unlink(missing_ok=True)


def this_program() -> list[str]:
    """How to start the program once more; -P: nothing is imported from the working folder."""
    return [sys.executable, *([] if getattr(sys, "frozen", False) else ["-P", "-m", "octavo"])]


def watch(command: Sequence[str], plugins: Sequence[str]) -> int:
    """Run a command in a process of its own; its exit status, or 1 and a sentence where it ended suddenly."""
    with tempfile.TemporaryDirectory(prefix="octavo-") as folder:
        path = Path(folder, "running")
        path.touch()
        with _signals_handed_on() as hand_on_to:
            process = subprocess.Popen(command, env=os.environ | {FAREWELL: str(path)})
            hand_on_to(process)
            status = process.wait()
        ended_suddenly = path.exists()
    if not ended_suddenly or status in (EXIT_STOPPED, -signal.SIGTERM):
        return status if status >= 0 else 128 - status
    named = plugins[0] if len(plugins) == 1 else f"one of {', '.join(plugins)}"
    print_note(
        f"octavo: The command ended in the middle ({_told(status)}); most likely the plugin did it: {named}. "
        "Switch it off (octavo plugins lists all), or leave it out with --no-plugins."
    )
    return EXIT_REFUSED


def _told(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


class _HandOn:
    """Hands signals on to a process, as soon as there is one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def terminate(self, _number: int, _frame: object) -> None:
        if self._process is not None:
            self._process.terminate()

    def leave(self, _number: int, _frame: object) -> None:
        """Ctrl-C reaches the process too, which decides."""


@contextlib.contextmanager
def _signals_handed_on() -> Iterator[_HandOn]:
    """While a process is waited for, Ctrl-C is its business, and SIGTERM is sent on."""
    hand_on = _HandOn()
    before = {}
    for number, handler in ((signal.SIGINT, hand_on.leave), (signal.SIGTERM, hand_on.terminate)):
        if callable(signal.getsignal(number)) or signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, handler)
    try:
        yield hand_on
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)
