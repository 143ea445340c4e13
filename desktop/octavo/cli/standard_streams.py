"""Standard input, output and error, where whoever started us has closed some of them."""

from __future__ import annotations

import os
import sys


def open_missing() -> None:
    """Put nothing in the place of streams that are closed.

    Else a file that is opened later would get their number, and what is printed would end up in it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
