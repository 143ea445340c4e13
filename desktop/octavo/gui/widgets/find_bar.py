"""Looks for words in the chat on view."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.search_field import SearchField


class FindBar(QWidget):
    """A field with what was found; ``step_asked`` carries -1 or 1."""

    text_changed = Signal(str)
    step_asked = Signal(int)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.field = SearchField("Find in this chat")
        self._told = Label("", SMALL, tone="text2")
        self._older = Button("", "ghost", "chevron-up", name="Previous place (Shift+F3)", height=30)
        self._newer = Button("", "ghost", "chevron-down", name="Next place (F3)", height=30)
        close = Button("", "ghost", "x", name="Close the search (Esc)", height=30)
        card = Card(kind="find", padding=6, gap=4, across=True)
        for each in (self.field, self._told, self._older, self._newer, close):
            card.body.addWidget(each)
        self.setLayout(row(None, card, margins=(0, 8, 24, 0)))
        self.field.textChanged.connect(self.text_changed)
        self._older.clicked.connect(self._ask_older)
        self._newer.clicked.connect(self._ask_newer)
        close.clicked.connect(self.close_search)
        self.hide()

    def open(self) -> None:
        """Show the bar, its text chosen for writing over."""
        self.show()
        self.field.setFocus()
        self.field.selectAll()
        self.text_changed.emit(self.field.text())

    def close_search(self) -> None:
        """Hide the bar."""
        self.hide()
        self.closed.emit()

    def show_place(self, place: int, n_places: int) -> None:
        """Show which of how many places is on view."""
        told = f"{place} of {n_places}" if n_places else "Not found" if self.field.text() else ""
        self._told.show_text(told)
        for each in (self._older, self._newer):
            each.setEnabled(n_places > 0)

    def event(self, event: QEvent) -> bool:
        # Esc would stop the answer; here it closes the search.
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_search()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            is_back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.step_asked.emit(-1 if is_back else 1)
        else:
            super().keyPressEvent(event)

    def _ask_older(self) -> None:
        self.step_asked.emit(-1)

    def _ask_newer(self) -> None:
        self.step_asked.emit(1)
