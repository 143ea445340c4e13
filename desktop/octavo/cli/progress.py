"""Long work on the command line: told on standard error with the time left, and Ctrl-C stops it cleanly.

A terminal gets a bar. A pipe or a file gets a line now and then, and none for work that is done in seconds.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from octavo.cli import figures
from octavo.cli.output import print_note
from octavo.cli.terminal_text import safe
from octavo.engine.progress import COMPILING, Progress, Work, finish

Result = TypeVar("Result")

SECONDS_BETWEEN_LINES = 15.0
# What was done in less tells little of what the rest will take.
_ENOUGH_SHARE, _ENOUGH_SECONDS = 0.01, 2.0


def run(work: Work[Result], title: str) -> Result:
    """Run ``work`` to its end; it is told to tidy up whatever happens."""
    with contextlib.closing(work):
        if not sys.stderr.isatty():
            return finish(work, Lines(title))
        return _run_with_bar(work, title)


class Pace:
    """How much time is left, from what was done since the start.

    Parameters
    ----------
    now : callable
        The clock, seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began = now()
        self._first: int | None = None

    def left(self, progress: Progress) -> float | None:
        """Seconds; None as long as that cannot be said."""
        if self._first is None:
            self._first = progress.done  # a killed conversion may have left the most of it
        done, elapsed = progress.done - self._first, self._now() - self._began
        rest = progress.total - progress.done
        if progress.label.startswith(COMPILING):
            return None  # the first kernel takes many times as long as the last
        if rest <= 0 or done < _ENOUGH_SHARE * progress.total or elapsed < _ENOUGH_SECONDS:
            return None  # with nothing left something else is under way, whose end nobody knows
        return elapsed * rest / done


class Lines:
    """Tells of progress in whole lines, now and then."""

    def __init__(self, title: str, now: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._now = now
        self._pace = Pace(now)
        self._told = now()

    def __call__(self, progress: Progress) -> None:
        """Write a line if it is time for one."""
        left = self._pace.left(progress)
        if self._now() - self._told < SECONDS_BETWEEN_LINES:
            return
        self._told = self._now()
        share = f" {progress.done / progress.total:.0%}" if progress.total else ""
        remaining = f", about {figures.seconds(left)} left" if left is not None else ""
        label = safe(_label(progress))
        print_note(f"{self._title}{share}{remaining}{f': {label}' if label else ''}")


def _run_with_bar(work: Work[Result], title: str) -> Result:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[label]}", markup=False),
    )
    pace = Pace()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, label="", left="")

        def show(progress: Progress) -> None:
            left = pace.left(progress)
            bar.update(
                task,
                total=progress.total or None,
                completed=progress.done,
                label=safe(_label(progress)),
                left="" if left is None else f"{figures.seconds(left)} left",
            )

        return finish(work, show)


def _label(progress: Progress) -> str:
    if progress.n_steps:
        return f"{progress.label}, {progress.step} of {progress.n_steps}"
    return progress.label


class StatusLine:
    """One line on standard error that is overwritten and goes away; nothing where that is no terminal."""

    def __init__(self) -> None:
        self._is_shown = False

    def show(self, text: str) -> None:
        """Show ``text`` in place of what was shown."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{safe(text)}")
            sys.stderr.flush()
            self._is_shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._is_shown = False
