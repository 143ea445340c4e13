"""A text field that grows with its text; Enter sends, Shift+Enter begins a line."""

from __future__ import annotations

import math

from PySide6.QtCore import QMimeData, QSizeF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from octavo.gui.theme.fonts import READING, font

# Characters of a pasted text that goes beside the field, as a file does.
LONG_PASTE = 10_000
PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}


class MessageEdit(QPlainTextEdit):
    """The field; ``page_asked`` carries -1 or 1 for the Page keys, ``recall_asked`` comes with Up in an empty field.

    Attributes
    ----------
    takes_long_apart : bool
        Whether a long text that is pasted goes out as ``long_pasted`` instead of into the field.
    """

    send_asked = Signal()
    recall_asked = Signal()
    page_asked = Signal(int)
    long_pasted = Signal(str)
    focused = Signal(bool)

    def __init__(self, most_lines: int) -> None:
        super().__init__()
        self._most_lines = most_lines
        self.takes_long_apart = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(font(READING))
        self.setAccessibleName("Message")
        self.setTabChangesFocus(True)
        self.viewport().setAutoFillBackground(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(self._follow)
        self._follow(self.document().size())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.send_asked.emit()
        elif event.key() in PAGES and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.page_asked.emit(PAGES[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Up and self.document().isEmpty():
            self.recall_asked.emit()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        # Files that are dropped here are attached, not written out as addresses.
        return not source.hasUrls() and super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        # A very long text would make the field slow; whoever can show it otherwise takes it.
        is_long = self.takes_long_apart and source.hasText() and len(source.text()) > LONG_PASTE
        if is_long:
            self.long_pasted.emit(source.text())
        else:
            super().insertFromMimeData(source)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit(False)

    def _follow(self, size: QSizeF) -> None:
        """A plain text document tells its height in lines."""
        lines = min(max(size.height(), 1), self._most_lines)
        margins = 2 * self.document().documentMargin()
        self.setFixedHeight(math.ceil(lines * self.fontMetrics().lineSpacing() + margins))
        needs_bar = size.height() > self._most_lines
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if needs_bar else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
