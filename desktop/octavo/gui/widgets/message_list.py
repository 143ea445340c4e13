"""The messages of a chat, of which only those near the view exist as widgets."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from octavo.gui.widgets.button import Button
from octavo.gui.widgets.message_view import AnswerMessage, QuestionView, ShownMessage

SIDE, TOP, BOTTOM = 64, 24, 12
GAP = 18
NEAR_BOTTOM = 24
CHARACTERS_PER_LINE = 90
LINE_PIXELS = 25
ANY_HEIGHT = 16777215


class MessageSlot(QWidget):
    """The place of one message; empty, at its last known height, while it is far from the view."""

    def __init__(self, message: ShownMessage) -> None:
        super().__init__()
        self.message = message
        self.view: QuestionView | AnswerMessage | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        lines = len(message.text) // CHARACTERS_PER_LINE + message.text.count("\n") + 1
        self.setFixedHeight(lines * LINE_PIXELS + 40)

    def fill(self) -> QuestionView | AnswerMessage:
        """Make the widgets of the message."""
        if self.view is None:
            is_question = self.message.role == "user"
            self.view = QuestionView(self.message) if is_question else AnswerMessage(self.message)
            self._layout.addWidget(self.view)
            self.setMinimumHeight(0)
            self.setMaximumHeight(ANY_HEIGHT)
        return self.view

    def empty(self) -> None:
        """Give the widgets up and keep the room."""
        if self.view is not None:
            self.setFixedHeight(self.height())
            self._layout.removeWidget(self.view)
            self.view.deleteLater()
            self.view = None


class MessageList(QScrollArea):
    """A conversation that can be a thousand messages long."""

    link_asked = Signal(str)
    again_asked = Signal(int)
    branch_asked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Conversation")
        self._inner = inner = QWidget()
        inner.setProperty("plain", True)
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(SIDE, TOP, SIDE, BOTTOM)
        self._column.setSpacing(GAP)
        self._column.addStretch(1)
        self.setWidget(inner)
        self.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        self._slots: list[MessageSlot] = []
        self._follows = True
        self._growing: AnswerMessage | None = None
        self._latest = Button("", "secondary", "arrow-down", name="Jump to the latest message")
        self._latest.setParent(self)
        self._latest.hide()
        self._latest.clicked.connect(self.jump_to_latest)
        self._settle = QTimer(self, singleShot=True, interval=0)
        self._settle.timeout.connect(self._fill_near)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(self._range_changed)

    def show_messages(self, messages: Sequence[ShownMessage]) -> None:
        """Show a conversation, its end in view."""
        for slot in self._slots:
            self._column.removeWidget(slot)
            slot.deleteLater()
        self._slots, self._growing = [], None
        for message in messages:
            self._append(message)
        self._follows = True
        self._settle.start()

    def add_message(self, message: ShownMessage) -> None:
        """Add a message at the end and go there."""
        slot = self._append(message)
        self._connected(slot)
        self.jump_to_latest()

    def begin_answer(self, message: ShownMessage) -> None:
        """Add an answer that will grow."""
        view = self._connected(self._append(message))
        assert isinstance(view, AnswerMessage)
        view.begin()
        self._growing = view
        self.jump_to_latest()

    def grow_answer(self, text: str) -> None:
        """Add text to the growing answer."""
        if self._growing is not None:
            self._growing.grow(text)

    def end_answer(self, message: ShownMessage) -> None:
        """The growing answer is whole: show its figures."""
        if self._growing is not None:
            self._slots[-1].message = message
            self._growing.finish(message.footer, message.branch, message.n_branches)
            self._growing = None

    def jump_to_latest(self) -> None:
        """Show the end."""
        self._follows = True
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        self._settle.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._latest.move(self.width() // 2 - self._latest.width() // 2, self.height() - 46)
        self._settle.start()

    @property
    def n_filled(self) -> int:
        """How many messages exist as widgets."""
        return sum(1 for slot in self._slots if slot.view is not None)

    def _append(self, message: ShownMessage) -> MessageSlot:
        slot = MessageSlot(message)
        self._column.insertWidget(len(self._slots), slot)
        self._slots.append(slot)
        return slot

    def _connected(self, slot: MessageSlot) -> QuestionView | AnswerMessage:
        is_new = slot.view is None
        view = slot.fill()
        if is_new and isinstance(view, AnswerMessage):
            view.link_asked.connect(self.link_asked)
            view.again_asked.connect(self.again_asked)
            view.branch_asked.connect(self.branch_asked)
        return view

    def _fill_near(self) -> None:
        """Make what is within a screen of the view, give up what is further away."""
        self._lay_out()
        screen = self.viewport().height()
        top = self.verticalScrollBar().value()
        for slot in self._slots:
            is_near = slot.y() + slot.height() > top - screen and slot.y() < top + 2 * screen
            if is_near:
                self._connected(slot)
            elif slot.view is not self._growing:
                slot.empty()

    def _lay_out(self) -> None:
        """Put every slot where it belongs now, rather than after the next event."""
        width, screen = self.viewport().width(), self.viewport().height()
        hint = self._column.totalHeightForWidth(width)
        # Without a wrapped text in it, a layout has no height for a width.
        hint = hint if hint > 0 else self._column.totalSizeHint().height()
        self._inner.resize(width, max(hint, screen))
        self._column.activate()
        if self._follows:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        self._follows = value >= bar.maximum() - NEAR_BOTTOM
        self._latest.setVisible(not self._follows)
        self._settle.start()

    def _range_changed(self, _minimum: int, maximum: int) -> None:
        # The scroll bar comes and goes in the margin; the text keeps its width.
        bar = self.verticalScrollBar().sizeHint().width() if maximum > 0 else 0
        self._column.setContentsMargins(SIDE, TOP, SIDE - bar, BOTTOM)
        if self._follows:
            self.verticalScrollBar().setValue(maximum)
        self._settle.start()
