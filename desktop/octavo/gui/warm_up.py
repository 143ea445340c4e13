"""Imports what the first answer is drawn with, while nobody waits for it: a little at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module

from PySide6.QtCore import QObject, QTimer

from octavo.gui.markdown import highlight, parser

STEP_GAP_MS = 50
# In the order in which each needs what stands before it; all at once they held up the window for a tenth of a second.
MODULES = (
    "unicodedata",
    "html.entities",
    "mdurl",
    "markdown_it",
    "pygments.token",
    "pygments.filters",
    "pygments.lexer",
    "pygments.lexers",
    "pygments.lexers.python",
)


class WarmUp(QObject):
    """Takes one step whenever the window has had time for other things."""

    def __init__(self, parent: QObject | None = None, *, gap_ms: int = STEP_GAP_MS) -> None:
        super().__init__(parent)
        self._steps = _steps()
        self._timer = QTimer(self, interval=gap_ms)
        self._timer.timeout.connect(self._take_step)

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    def take(self, steps: Iterable[Callable[[], object]]) -> None:
        """Take these steps, and none that are left of others."""
        self._steps = iter(steps)
        self._timer.start()

    def stop(self) -> None:
        """Leave the rest to whoever needs it first."""
        self._timer.stop()

    def _take_step(self) -> None:
        step = next(self._steps, None)
        if step is None:
            self.stop()
        else:
            step()


def _steps() -> Iterator[Callable[[], object]]:
    """What is done one after the other, some ten milliseconds of work at most each."""
    for name in MODULES:
        yield partial(import_module, name)
    yield partial(parser.parse, "warm *up*")
    # The rules of one language.
    yield highlight.warm_up
