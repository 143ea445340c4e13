"""The messages of a chat, of which only those near the view exist as widgets.

Their heights are guessed from their lengths until they have been seen. What is in view is made at once, what is
within a screen of it one message at a time, while nobody waits; the text in view stays where it is meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QTextEdit, QWidget

from octavo.gui.widgets.answer_message import AnswerMessage
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.message_heights import MessageHeights, guessed_height
from octavo.gui.widgets.message_maker import MessageMaker
from octavo.gui.widgets.message_view import MessageView, ShownMessage
from octavo.gui.widgets.text_selection import TextSelection

NEAR_BOTTOM = 24
NARROWEST = 200
AHEAD_MS = 8
SIDE, NARROW_SIDE, WIDE = 64, 28, 720
# Longer lines are hard to read.
WIDEST_TEXT = 760
# Placing what has become visible may show that its height was guessed wrongly, and more becomes visible.
MOST_ROUNDS = 12


def side_of(width: int) -> int:
    """How far texts are from the edges of a chat of that width, pixels."""
    return max(SIDE, (width - WIDEST_TEXT) // 2) if width >= WIDE else NARROW_SIDE


class MessageList(QScrollArea):
    """A conversation that can be thousands of messages long; ``maker`` tells what is asked of its messages."""

    filled = Signal(QWidget)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Conversation")
        self._canvas = QWidget()
        self._canvas.setProperty("plain", True)
        self.setWidget(self._canvas)
        self.viewport().setAutoFillBackground(False)
        self._canvas.setAutoFillBackground(False)
        self._messages: list[ShownMessage] = []
        self._heights = MessageHeights()
        self._views: dict[int, MessageView] = {}
        self._unsent: frozenset[int] = frozenset()
        self._follows, self._is_placing = True, False
        self._growing: AnswerMessage | None = None
        self._revealed: int | None = None
        self._selection = TextSelection(self, self._all_texts)
        self.maker = MessageMaker(self)
        self.maker.text_made.connect(self._selection.watch)
        self._latest = Button("", "secondary", "arrow-down", name="Jump to the latest message")
        self._latest.setParent(self)
        self._latest.hide()
        self._latest.clicked.connect(self.jump_to_latest)
        self._settle = QTimer(self, singleShot=True, interval=0)
        self._settle.timeout.connect(self._place)
        self.maker.resized.connect(self._settle.start)
        self._ahead = QTimer(self, singleShot=True, interval=AHEAD_MS)
        self._ahead.timeout.connect(self._fill_ahead)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    def show_messages(self, messages: Sequence[ShownMessage], *, stays: bool = False) -> None:
        """Show a conversation, its end in view; or where it was if it ``stays``."""
        old = {each.id: number for number, each in enumerate(self._messages)}
        views, self._views = self._views, {}
        heights, known = self._heights, self._messages
        self._heights, self._growing = MessageHeights(), None
        for number, message in enumerate(messages):
            place = old.get(message.id)
            is_same = place is not None and known[place].text == message.text
            self._heights.append(
                heights[place] if is_same and place is not None else guessed_height(message.text)
            )
            if is_same and place in views:
                view = views.pop(place)
                view.end_edit()
                view.show_state(message)
                self._views[number] = view
        for view in views.values():
            self._drop(view)
        self._messages = list(messages)
        self._follows = not stays
        self._show_last()
        self._place()

    def add_message(self, message: ShownMessage) -> None:
        """Add a message at the end and go there."""
        self._append(message)
        self.jump_to_latest()

    def begin_answer(self, message: ShownMessage) -> None:
        """Let an answer grow: a new one at the end, or on from what the last one says."""
        if not self._messages or self._messages[-1].id != message.id:
            self._append(message)
        view = self._fill(len(self._messages) - 1)
        assert isinstance(view, AnswerMessage)
        self._growing = view
        view.begin()
        self.jump_to_latest()

    def grow_answer(self, text: str) -> None:
        """Add text to the growing answer."""
        if self._growing is not None:
            self._growing.grow(text)

    def end_answer(self, message: ShownMessage) -> None:
        """The growing answer is whole: show its figures."""
        if self._growing is not None:
            growing, self._growing = self._growing, None
            self._messages[-1] = message
            growing.finish(message)

    @property
    def thought_seconds(self) -> float:
        """How long the model thought before the growing answer, seconds."""
        return self._growing.thought_seconds if self._growing is not None else 0.0

    def show_unsent(self, ids: Collection[int]) -> None:
        """Make the messages of ``ids`` pale: they will not be sent."""
        self._unsent = frozenset(ids)
        for number, view in self._views.items():
            view.show_sent(self._messages[number].id not in self._unsent)

    def jump_to_latest(self) -> None:
        """Show the end."""
        self._follows = True
        self._place()

    def turn_page(self, step: int) -> None:
        """Scroll by most of a screen, up (-1) or down (1)."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + step * round(0.9 * self.viewport().height()))

    def reveal(self, number: int, part: QTextEdit | None = None, y: int = 0) -> None:
        """Bring message ``number`` into view, or pixel ``y`` of a ``part`` of its text."""
        self._follows, self._revealed = False, number
        # Twice: the first time its neighbours get their true heights.
        for _ in range(2):
            view = self._fill(number)
            top = self._heights.tops()[number]
            if part is not None:
                top += part.mapTo(view, part.rect().topLeft()).y() + y
            self.verticalScrollBar().setValue(round(top - self.viewport().height() / 3))
        self._place()
        self._revealed = None

    def view(self, number: int) -> MessageView:
        """The widgets of message ``number``."""
        return self._fill(number)

    @property
    def messages(self) -> list[ShownMessage]:
        """What is shown, from first to last."""
        return self._messages

    @property
    def texts(self) -> list[QTextEdit]:
        """The text parts that exist, from top to bottom."""
        return [each for number in sorted(self._views) for each in self._views[number].texts]

    def _all_texts(self) -> list[QTextEdit]:
        return self.texts

    @property
    def n_filled(self) -> int:
        """How many messages exist as widgets."""
        return len(self._views)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._latest.move(self.width() // 2 - self._latest.width() // 2, self.height() - 46)
        self._place()

    def _append(self, message: ShownMessage) -> None:
        self._messages.append(message)
        self._heights.append(guessed_height(message.text))
        self._show_last()

    def _show_last(self) -> None:
        last = len(self._messages) - 1
        for number, view in self._views.items():
            view.tools.show_last(number == last)

    def _fill(self, number: int) -> MessageView:
        """The widgets of message ``number``, made if there are none."""
        if number in self._views:
            return self._views[number]
        message = self._messages[number]
        view = self.maker.make(message)
        view.show_sent(message.id not in self._unsent)
        view.tools.show_last(number == len(self._messages) - 1)
        view.setParent(self._canvas)
        self._views[number] = view
        self._heights[number] = view.fit(self._width)
        view.show()
        self.filled.emit(view)
        return view

    def _drop(self, view: MessageView) -> None:
        view.hide()
        view.deleteLater()

    @property
    def _width(self) -> int:
        # The scroll bar comes and goes in the margin; the text keeps its width.
        return max(self.width() - 2 * side_of(self.width()), NARROWEST)

    def _place(self) -> None:
        """Make what is in view and put everything in its place; the text in view stays where it is."""
        if self._is_placing:
            return
        self._is_placing = True
        self._settle.stop()
        anchor, offset = self._heights.anchor(self.verticalScrollBar().value())
        screen, width = self.viewport().height(), self._width
        for number, view in self._views.items():
            self._heights[number] = view.fit(width)
        for _ in range(MOST_ROUNDS):
            starts = self._heights.tops()
            whole = max(self._heights.whole(starts), screen)
            wanted = whole - screen if self._follows else starts[anchor] + offset
            top = min(max(wanted, 0), whole - screen)
            missing = [
                each for each in self._heights.within(starts, top, top + screen) if each not in self._views
            ]
            if not missing:
                break
            # From the anchor outwards, one at a time: its height may push the others out of view.
            self._fill(missing[-1] if self._follows else missing[0])
        self._give_up(starts, top)
        self._canvas.resize(self.viewport().width(), whole)
        side = side_of(self.width())
        for number, view in self._views.items():
            view.setGeometry(side, starts[number], width, self._heights[number])
        self.verticalScrollBar().setValue(top)
        self._latest.setVisible(not self._follows and top < whole - screen - NEAR_BOTTOM)
        self._is_placing = False
        if self._next_ahead(starts, top) is not None:
            self._ahead.start()

    def _give_up(self, starts: Sequence[int], top: int) -> None:
        """Drop what is further than two screens away, unless it is being written or edited."""
        screen = self.viewport().height()
        near = set(self._heights.within(starts, top - 2 * screen, top + 3 * screen))
        for number in [each for each in self._views if each not in near]:
            view = self._views[number]
            if view is not self._growing and view.editor is None and number != self._revealed:
                self._drop(self._views.pop(number))

    def _next_ahead(self, starts: Sequence[int], top: int) -> int | None:
        """The next message to make before it is seen."""
        screen = self.viewport().height()
        near = self._heights.within(starts, top - screen, top + 2 * screen)
        return next((each for each in near if each not in self._views), None)

    def _fill_ahead(self) -> None:
        number = self._next_ahead(self._heights.tops(), self.verticalScrollBar().value())
        if number is not None:
            self._fill(number)
            self._place()

    def _scrolled(self, value: int) -> None:
        if not self._is_placing:
            self._follows = value >= self.verticalScrollBar().maximum() - NEAR_BOTTOM
            self._place()
