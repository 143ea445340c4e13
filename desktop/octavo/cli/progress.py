"""Long work on the command line: a bar on standard error, and Ctrl-C stops it cleanly."""

from __future__ import annotations

import contextlib
import sys
from typing import TypeVar

from octavo.cli.terminal_text import safe
from octavo.engine.progress import Progress, Work, finish

Result = TypeVar("Result")


def run(work: Work[Result], title: str) -> Result:
    """Run ``work`` to its end; it is told to tidy up whatever happens."""
    with contextlib.closing(work):
        if not sys.stderr.isatty():
            return finish(work)
        return _run_with_bar(work, title)


def _run_with_bar(work: Work[Result], title: str) -> Result:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[label]}", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, label="")

        def show(progress: Progress) -> None:
            bar.update(
                task, total=progress.total or None, completed=progress.done, label=safe(_label(progress))
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
