"""A message being edited in its place: Enter keeps the text as a branch, Esc leaves everything as it was."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.message_edit import MessageEdit

MOST_LINES = 16


class MessageEditor(Card):
    """A text field with its buttons."""

    sent = Signal(str)
    cancelled = Signal()
    resized = Signal()

    def __init__(self, text: str, verb: str = "Save") -> None:
        super().__init__(kind="composer", padding=10, gap=6)
        self.edit = MessageEdit(MOST_LINES)
        self.edit.setAccessibleName("Edited message")
        self.edit.setPlainText(text)
        hint = Label("What was here is kept as a branch", SMALL, tone="text3")
        cancel = Button("Cancel", "ghost", height=30, size=SMALL)
        keep = Button(verb, "secondary", height=30, size=SMALL)
        self.body.addLayout(row(self.edit, margins=(2, 2, 2, 0)))
        self.body.addLayout(row(hint, None, cancel, keep))
        keep.clicked.connect(self._send)
        cancel.clicked.connect(self.cancelled)
        self.edit.send_asked.connect(self._send)
        self.edit.textChanged.connect(self._tell_size)

    def event(self, event: QEvent) -> bool:
        # Esc would stop an answer; here it ends the editing.
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def fit(self, width: int) -> int:
        """The height for ``width`` pixels."""
        self.body.activate()
        return self.sizeHint().height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.resized.emit()

    def _tell_size(self) -> None:
        self.body.invalidate()
        self.resized.emit()

    def _send(self) -> None:
        text = self.edit.toPlainText().strip()
        if text:
            self.sent.emit(text)
