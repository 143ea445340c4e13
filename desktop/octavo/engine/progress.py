"""Long work is a generator: ``yield`` reports, ``return`` gives the result, ``close()`` cancels."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

Result = TypeVar("Result")

COMPILING = "compile"
"""What labels begin with while kernels are compiled; how long that takes cannot be told from the first ones."""


@dataclass(frozen=True)
class Progress:
    """How far a piece of work has come.

    Parameters
    ----------
    done, total : int
        In the unit that the work counts (bytes, tokens, tensors); ``total`` 0 means unknown.
    label : str
        What is being worked on now, for example a tensor's name.
    step, n_steps : int
        The n-th thing of how many (``blk.3.ffn_up.weight``, 31 of 255).
    """

    done: int
    total: int
    label: str = ""
    step: int = 0
    n_steps: int = 0


Work: TypeAlias = Generator[Progress, None, Result]


def told_as(work: Work[Result], shown: Callable[[Progress], Progress]) -> Work[Result]:
    """The same work as a part of other work: what it reports is told as ``shown`` makes it."""
    with contextlib.closing(work):
        while True:
            try:
                progress = next(work)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield shown(progress)


def finish(work: Work[Result], report: Callable[[Progress], None] | None = None) -> Result:
    """Run ``work`` to its end and return its result; each step goes to ``report``."""
    while True:
        try:
            progress = next(work)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        if report is not None:
            report(progress)
