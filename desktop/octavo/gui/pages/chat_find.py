"""Ctrl+F within the chat on view: every place is lit, one of them is on view."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QTextEdit

from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.find_bar import FindBar
from octavo.gui.widgets.message_list import MessageList
from octavo.gui.widgets.message_view import MessageView, ShownMessage

# Marks that are not seen in the drawn text.
_MARKS = "*_`~"
Found: TypeAlias = tuple[QTextEdit, QTextCursor]


class ChatFind(QObject):
    """Joins the bar to the messages."""

    def __init__(self, bar: FindBar, messages: MessageList, parent: QObject) -> None:
        super().__init__(parent)
        self._bar, self._messages = bar, messages
        self._places: list[tuple[int, int]] = []  # number of the message, which of its places
        self._place = 0
        self._known: dict[int, tuple[str, str, str]] = {}
        bar.text_changed.connect(self.find)
        bar.step_asked.connect(self.step)
        bar.closed.connect(self._end)
        messages.filled.connect(self._light)
        self._redrawing = QTimer(self, singleShot=True, interval=0)
        self._redrawing.timeout.connect(self._light_all)
        messages.installEventFilter(self)

    @property
    def n_places(self) -> int:
        """How many places were found."""
        return len(self._places)

    def find(self, text: str) -> None:
        """Find ``text`` in all messages and show the last place."""
        needle = text.casefold()
        self._places = []
        if needle:
            for number, message in enumerate(self._messages.messages):
                n_here = max(each.count(needle) for each in self._said(message))
                self._places.extend((number, which) for which in range(n_here))
        self._place = len(self._places) - 1
        self._show()

    def _said(self, message: ShownMessage) -> tuple[str, str]:
        """The text of a message, and the same as it is drawn, in small letters; kept until the bar is closed."""
        known = self._known.get(message.id)
        if known is None or known[0] != message.text:
            said = drawn = message.text.casefold()
            for mark in _MARKS:
                drawn = drawn.replace(mark, "")
            known = self._known[message.id] = (message.text, said, drawn)
        return known[1:]

    def find_again(self) -> None:
        """The messages have changed."""
        if self._bar.isVisible():
            self.find(self._bar.field.text())

    def step(self, step: int) -> None:
        """Show the next or previous place, round and round."""
        if self._places:
            self._place = (self._place + step) % len(self._places)
            self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # In a new theme the messages write their texts anew, and the marks on them are gone.
        if event.type() == QEvent.Type.PaletteChange:
            self._redrawing.start()
        return super().eventFilter(watched, event)

    def _end(self) -> None:
        self._places = []
        self._known.clear()
        self._light_all()

    def _show(self) -> None:
        self._bar.show_place(self._place + 1, len(self._places))
        if not self._places:
            self._light_all()
            return
        number, which = self._places[self._place]
        view = self._messages.view(number)
        if which >= len(_found(view, self._bar.field.text())):
            view.unfold()
        place = self._current(view, _found(view, self._bar.field.text()))
        self._light_all()
        if place is not None:
            part, cursor = place
            self._messages.reveal(number, part, part.cursorRect(cursor).top())
        else:
            self._messages.reveal(number)

    def _light_all(self) -> None:
        for view in self._messages.findChildren(MessageView):
            self._light(view)

    def _light(self, view: MessageView) -> None:
        """Light every place in ``view``, and the one on view more than the others."""
        needle = self._bar.field.text() if self._bar.isVisible() and self._places else ""
        found = _found(view, needle) if needle else []
        current = self._current(view, found)
        for part in view.texts:
            part.setExtraSelections(
                [_lit(each[1], is_current=each == current) for each in found if each[0] is part]
            )

    def _current(self, view: MessageView, found: list[Found]) -> Found | None:
        """Which of the places found in ``view`` is the one on view, if any."""
        if not self._places or not found:
            return None
        number, which = self._places[self._place]
        if self._messages.messages[number].id != view.message_id:
            return None
        return found[min(which, len(found) - 1)]


def _found(view: MessageView, needle: str) -> list[Found]:
    """All places of ``needle`` in what a message shows."""
    places = []
    for part in view.texts:
        cursor = part.document().find(needle)
        while not cursor.isNull():
            places.append((part, cursor))
            cursor = part.document().find(needle, cursor)
    return places


def _lit(cursor: QTextCursor, *, is_current: bool) -> QTextEdit.ExtraSelection:
    selection = QTextEdit.ExtraSelection()
    # Fields of a C++ struct, which the stub knows as such.
    selection.cursor = cursor
    selection.format.setBackground(colour("accent" if is_current else "accent_soft"))
    selection.format.setForeground(colour("accent_text" if is_current else "accent_ink"))
    return selection
