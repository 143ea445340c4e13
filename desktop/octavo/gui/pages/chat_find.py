"""Ctrl+F within the chat on view: every place is lit, one of them is on view."""

from __future__ import annotations

import re

from PySide6.QtCore import QObject
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QTextEdit

from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.find_bar import FindBar
from octavo.gui.widgets.message_list import MessageList
from octavo.gui.widgets.message_view import MessageView

# Marks that are not seen in the drawn text.
_MARKS = re.compile(r"[*_`~]+")


class ChatFind(QObject):
    """Joins the bar to the messages."""

    def __init__(self, bar: FindBar, messages: MessageList, parent: QObject) -> None:
        super().__init__(parent)
        self._bar, self._messages = bar, messages
        self._places: list[tuple[int, int]] = []  # number of the message, which of its places
        self._place = 0
        bar.text_changed.connect(self.find)
        bar.step_asked.connect(self.step)
        bar.closed.connect(self._end)
        messages.filled.connect(self._light)

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
                said = message.text.casefold()
                n_here = max(said.count(needle), _MARKS.sub("", said).count(needle))
                self._places.extend((number, which) for which in range(n_here))
        self._place = len(self._places) - 1
        self._show()

    def find_again(self) -> None:
        """The messages have changed."""
        if self._bar.isVisible():
            self.find(self._bar.field.text())

    def step(self, step: int) -> None:
        """Show the next or previous place, round and round."""
        if self._places:
            self._place = (self._place + step) % len(self._places)
            self._show()

    def _end(self) -> None:
        self._places = []
        self._light_all()

    def _show(self) -> None:
        self._bar.show_place(self._place + 1, len(self._places))
        if not self._places:
            self._light_all()
            return
        number, which = self._places[self._place]
        view = self._messages.view(number)
        found = _found(view, self._bar.field.text())
        self._light_all()
        if found:
            part, cursor = found[min(which, len(found) - 1)]
            y = part.cursorRect(cursor).top()
            self._messages.reveal(number, part, y)
            self._paint(view, part, cursor)
        else:
            self._messages.reveal(number)

    def _light_all(self) -> None:
        for view in self._messages.findChildren(MessageView):
            self._light(view)

    def _light(self, view: MessageView) -> None:
        """Light every place in ``view``."""
        self._paint(view, None, None)

    def _paint(self, view: MessageView, current: QTextEdit | None, place: QTextCursor | None) -> None:
        needle = self._bar.field.text() if self._bar.isVisible() and self._places else ""
        found = _found(view, needle) if needle else []
        for part in view.texts:
            lit = []
            for each, cursor in found:
                if each is part:
                    is_it = part is current and place is not None and cursor == place
                    lit.append(_lit(cursor, is_current=is_it))
            part.setExtraSelections(lit)


def _found(view: MessageView, needle: str) -> list[tuple[QTextEdit, QTextCursor]]:
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
