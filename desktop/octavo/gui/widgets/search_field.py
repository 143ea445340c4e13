"""A field that narrows a list."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit

from octavo.gui.theme.fonts import font
from octavo.gui.theme.icons import icon
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.button import HEIGHT


class SearchField(QLineEdit):
    """A line edit with a magnifying glass."""

    def __init__(self, hint: str) -> None:
        super().__init__()
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint)
        self.setFixedSize(220, HEIGHT)
        self.setFont(font())
        self._glass = QAction(hint, self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Polish, QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._glass.setIcon(icon("search", colour("text3"), 16))
        return super().event(event)
