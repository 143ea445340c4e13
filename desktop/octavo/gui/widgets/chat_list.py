"""The chats, newest first, under the days they were last used."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from octavo.gui.markdown.clean_text import clean
from octavo.gui.theme.fonts import REGULAR, SEMIBOLD, TINY
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import column
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.scroll import scrolled

WIDTH = 216


class ChatEntry(Button):
    """A chat in the list."""

    def __init__(self, chat_id: int, title: str) -> None:
        super().__init__(title, "entry", height=32, weight=REGULAR)
        self.chat_id = chat_id
        self.setCheckable(True)
        cut = self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, WIDTH - 48)
        # An ampersand would become a keyboard mark.
        self.setText(cut.replace("&", "&&"))
        self.setToolTip(title)


class ChatList(QWidget):
    """The column at the left of the Chat page."""

    chosen = Signal(int)
    new_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._tell)
        new = Button("New chat", "secondary", "square-pen")
        new.setToolTip("New chat (Ctrl+N)")
        new.clicked.connect(self.new_asked)
        inner = QWidget()
        self._entries = QVBoxLayout(inner)
        self._entries.setContentsMargins(0, 0, 0, 0)
        self._entries.setSpacing(4)
        self._entries.addStretch(1)
        layout = column(new, gap=4, margins=(12, 18, 12, 12))
        layout.addSpacing(12)
        layout.addWidget(scrolled(inner), 1)
        self.setLayout(layout)

    def show_chats(self, days: Sequence[tuple[str, Sequence[tuple[int, str]]]], chosen: int | None) -> None:
        """Show days with their chats, pairs of id and title."""
        while (item := self._entries.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for number, (day, chats) in enumerate(days):
            if number:
                self._entries.addSpacing(8)
            self._entries.addWidget(Label(day, TINY, SEMIBOLD, "text3"))
            for chat_id, title in chats:
                entry = ChatEntry(chat_id, clean(title).replace("\n", " "))
                self._group.addButton(entry)
                entry.setChecked(chat_id == chosen)
                self._entries.addWidget(entry)
        self._entries.addStretch(1)

    def _tell(self, entry: ChatEntry) -> None:
        self.chosen.emit(entry.chat_id)
