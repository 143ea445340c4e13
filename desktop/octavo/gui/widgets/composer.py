"""Where a message is written: grows with its text, Enter sends, Shift+Enter begins a line."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QSizeF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from octavo.gui.theme.fonts import READING, SMALL, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label, restyle

MOST_LINES = 8
MAX_CHARACTERS = 1_000_000


class MessageEdit(QPlainTextEdit):
    """The text field of the composer."""

    send_asked = Signal()
    focused = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(font(READING))
        self.setPlaceholderText("Write a message")
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
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit(False)

    def _follow(self, size: QSizeF) -> None:
        """A plain text document tells its height in lines."""
        lines = min(max(size.height(), 1), MOST_LINES)
        margins = 2 * self.document().documentMargin()
        self.setFixedHeight(math.ceil(lines * self.fontMetrics().lineSpacing() + margins))
        needs_bar = size.height() > MOST_LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if needs_bar else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)


class Composer(Card):
    """The message field with its buttons; the same button sends and stops."""

    sent = Signal(str)
    stop_asked = Signal()
    prompt_asked = Signal()
    text_changed = Signal(str)

    def __init__(self) -> None:
        super().__init__(kind="composer", padding=10, gap=6)
        self.edit = MessageEdit()
        self._is_answering = False
        self._hint = Label("Enter sends", SMALL, tone="text3")
        self._send = Button("Send", "primary", "arrow-up", height=32, size=SMALL)
        self._stop = Button("Stop", "secondary", "square", height=32, size=SMALL)
        self._stop.hide()
        prompt = Button("System prompt", "ghost", "scroll-text", height=32, size=SMALL)
        self.body.addLayout(row(self.edit, margins=(2, 2, 2, 0)))
        self.body.addLayout(row(prompt, None, self._hint, self._send, self._stop))
        self.edit.send_asked.connect(self._send_text)
        self.edit.focused.connect(self._show_focus)
        self.edit.textChanged.connect(self._show_text)
        self._send.clicked.connect(self._send_text)
        self._stop.clicked.connect(self.stop_asked)
        prompt.clicked.connect(self.prompt_asked)
        self._show_text()

    @property
    def text(self) -> str:
        """What has been written."""
        return self.edit.toPlainText()

    def write(self, text: str) -> None:
        """Put ``text`` into the field."""
        self.edit.setPlainText(text)

    def show_answering(self, is_answering: bool) -> None:
        """Offer Stop while an answer comes, else Send."""
        self._is_answering = is_answering
        self._send.setVisible(not is_answering)
        self._stop.setVisible(is_answering)
        self._hint.show_text("Esc stops the answer" if is_answering else "Enter sends")

    def _show_text(self) -> None:
        self._send.setEnabled(bool(self.text.strip()))
        self.text_changed.emit(self.text)

    def _send_text(self) -> None:
        text = self.text.strip()
        if text and not self._is_answering:
            self.edit.clear()
            self.sent.emit(text[:MAX_CHARACTERS])

    def _show_focus(self, has_focus: bool) -> None:
        self.setProperty("focused", has_focus)
        restyle(self)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._show_text()
