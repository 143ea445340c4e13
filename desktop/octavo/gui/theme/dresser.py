"""Puts a style sheet on the parts of a window: what is on view at once, the rest part by part.

A sheet costs Qt about a tenth of a millisecond per widget that it dresses; the parts keep each stretch
short enough for the window to stay responsive.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

# What was dressed is painted first: both together would be one long stretch.
STEP_GAP_MS = 10


class Dresser(QObject):
    """Dresses ``parts``, widgets that cover the window."""

    def __init__(self, parts: Sequence[QWidget], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = list(parts)
        self._undressed: list[QWidget] = []
        self._sheet = ""
        self._next = QTimer(self, singleShot=True, interval=STEP_GAP_MS)
        self._next.timeout.connect(self._dress_next)

    def wear(self, sheet: str) -> None:
        """Begin to dress all parts in ``sheet``, those on view at once."""
        self._sheet, self._undressed = sheet, list(self._parts)
        for part in self._parts:
            if part.isVisible():
                self.finish(part)
        self._next.start()

    def finish(self, part: QWidget | None) -> None:
        """Dress ``part`` now if it is not yet: it is about to be seen."""
        if part is not None and part in self._undressed:
            self._undressed.remove(part)
            part.setStyleSheet(self._sheet)

    def _dress_next(self) -> None:
        if self._undressed:
            self.finish(self._undressed[0])
            self._next.start()
