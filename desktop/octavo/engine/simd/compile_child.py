"""Compiles entries into the cache: one place (``octavo.engine.kernels.matvec:matvec_q8_0``) a line, answered ``done``.

Compiling runs here so that several processors work at once (numba has one lock in a process), and because a
compiler that gives up ends its process. The parent ends this one by closing its standard input.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import sys

from octavo.engine.simd.jit import Entry


def find_entry(place: str) -> Entry:
    """The entry at ``module:name``."""
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, Entry):
        raise TypeError(f"{place} is no entry")
    return found


def main() -> None:
    """Compile what is named on standard input until it ends."""
    # Ctrl-C reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        for line in sys.stdin:
            find_entry(line.strip()).compile()
            print("done", flush=True)


if __name__ == "__main__":
    main()
