"""How the child behaves towards the system: private pipes, no core dumps, first to go, gone with its parent."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_BACKGROUND_NICENESS = 10


def private_pipes() -> tuple[int, int]:
    """Take over standard input and output for messages; return both as private descriptors.

    From then on, standard input is empty and standard output is standard error, so that a plugin's
    ``print`` or ``input`` cannot disturb the messages.
    """
    sys.stdout.flush()
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def behave(*, in_background: bool, told_to_end: Callable[[int, object], None]) -> None:
    """Set what the system should know about this process.

    Ctrl-C is left to the front-end. SIGTERM, also sent when the parent dies, is for ``told_to_end``.
    """
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, told_to_end)
    if in_background and hasattr(os, "nice"):
        os.nice(_BACKGROUND_NICENESS)
    # Waiting threads must not spin: the window is the neighbour that they would slow down.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if sys.platform == "linux":
        _behave_on_linux()


def _behave_on_linux() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # When memory runs out, the kernel shall end this process and not the window.
    with contextlib.suppress(OSError), Path("/proc/self/oom_score_adj").open("w") as file:
        file.write("1000")
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
