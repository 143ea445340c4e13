"""One message of a chat: a question in a bubble, or an answer with its figures."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from octavo.gui.markdown.clean_text import clean
from octavo.gui.markdown.stream import MarkdownStream
from octavo.gui.markdown.thoughts import ThoughtSplitter
from octavo.gui.theme.fonts import READING, SMALL
from octavo.gui.widgets.answer_view import AnswerView
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.thought_fold import ThoughtFold

TICK_MS = 33
SLOWEST_TICK_MS = 264
TOO_LONG_MS = 8.0
# How much of an answer screen readers are told at its end.
SPOKEN_CHARACTERS = 2_000


@dataclass(frozen=True)
class ShownMessage:
    """A message as it is shown.

    Parameters
    ----------
    id : int
        Of the store.
    role : str
        ``user`` or ``assistant``.
    text : str
    footer : str
        Figures under an answer.
    branch, n_branches : int
        Which of how many answers to the same question it is.
    """

    id: int
    role: str
    text: str
    footer: str = ""
    branch: int = 1
    n_branches: int = 1


class QuestionView(QWidget):
    """The user's words in a bubble at the right, at most three quarters wide."""

    SHARE = 0.75
    PADDING = 12

    def __init__(self, message: ShownMessage) -> None:
        super().__init__()
        self._text = Label(clean(message.text), READING)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._natural = self._text.sizeHint().width() + 2 * self.PADDING + 4
        self._text.setWordWrap(True)
        self._bubble = Card(self._text, kind="question", padding=self.PADDING, gap=0)
        self._bubble.setAccessibleName("Your message")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addStretch(1)
        layout.addWidget(self._bubble)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._bubble.setFixedWidth(min(self._natural, round(self.SHARE * self.width())))


class AnswerMessage(QWidget):
    """An answer that may still grow, with buttons under it."""

    link_asked = Signal(str)
    again_asked = Signal(int)
    branch_asked = Signal(int, int)

    def __init__(self, message: ShownMessage) -> None:
        super().__init__()
        self.message_id = message.id
        self._stream, self._splitter = MarkdownStream(), ThoughtSplitter()
        self._source = ""
        self._is_growing = False
        self._thought, self._view = ThoughtFold(), AnswerView()
        self._footer = Label("", SMALL, tone="text3")
        self._tick = QTimer(self, singleShot=True, interval=TICK_MS)
        self._tick.timeout.connect(self._draw)
        self._copy = Button("", "ghost", "copy", name="Copy message", height=28, icon_pixels=14)
        self._again = Button("", "ghost", "refresh-cw", name="Answer again", height=28, icon_pixels=14)
        self._older = Button("‹", "ghost", name="Previous answer", height=28, size=SMALL)
        self._newer = Button("›", "ghost", name="Next answer", height=28, size=SMALL)
        self._branch = Label("", SMALL, tone="text3")
        self._actions = QWidget()
        buttons = row(self._copy, self._again, self._older, self._branch, self._newer, gap=2)
        buttons.addSpacing(6)
        buttons.addWidget(self._footer)
        buttons.addStretch(1)
        self._actions.setLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for each in (self._thought, self._view, self._actions):
            layout.addWidget(each)
        self._view.link_asked.connect(self.link_asked)
        self._copy.clicked.connect(self._copy_source)
        self._again.clicked.connect(self._ask_again)
        self._older.clicked.connect(self._ask_older)
        self._newer.clicked.connect(self._ask_newer)
        self._take(message.text)
        self.finish(message.footer, message.branch, message.n_branches)

    def begin(self) -> None:
        """Hide the buttons: the answer is about to grow."""
        self._is_growing = True
        self._actions.hide()

    def grow(self, text: str) -> None:
        """Add ``text``; it is drawn at the next tick."""
        self._take(text)
        if not self._tick.isActive():
            self._tick.start()

    def finish(self, footer: str, branch: int = 1, n_branches: int = 1) -> None:
        """Draw all that has come and show the buttons."""
        self._tick.stop()
        thought, answer = self._splitter.flush()
        self._stream.feed(answer)
        if thought or self._splitter.is_thinking:
            self._thought.grow(thought, is_thinking=False)
        self._stream.step(is_end=True)
        self._view.show_pieces(self._stream.pieces, is_end=True)
        self._footer.show_text(footer)
        self._branch.show_text(f"{branch}/{n_branches}")
        self._place = branch
        for each in (self._older, self._newer, self._branch):
            each.setVisible(n_branches > 1)
        self._older.setEnabled(branch > 1)
        self._newer.setEnabled(branch < n_branches)
        self._actions.show()
        if self._is_growing and QAccessible.isActive():
            QAccessible.updateAccessibility(
                QAccessibleAnnouncementEvent(self, self._source[:SPOKEN_CHARACTERS])
            )
        self._is_growing = False

    @property
    def source(self) -> str:
        """The markdown of the answer."""
        return self._source

    def _take(self, text: str) -> None:
        self._source += text
        thought, answer = self._splitter.feed(text)
        self._stream.feed(answer)
        if thought or self._splitter.is_thinking or (answer and self._thought.is_thinking):
            self._thought.grow(thought, is_thinking=self._splitter.is_thinking)

    def _draw(self) -> None:
        started = time.perf_counter()
        self._stream.step()
        self._view.show_pieces(self._stream.pieces, is_end=False)
        took = 1000 * (time.perf_counter() - started)
        # A tick that takes long must not take the processor from the model.
        wanted = self._tick.interval() * 2 if took > TOO_LONG_MS else TICK_MS
        self._tick.setInterval(min(wanted, SLOWEST_TICK_MS))

    def _copy_source(self) -> None:
        QGuiApplication.clipboard().setText(self._source)

    def _ask_again(self) -> None:
        self.again_asked.emit(self.message_id)

    def _ask_older(self) -> None:
        self.branch_asked.emit(self.message_id, -1)

    def _ask_newer(self) -> None:
        self.branch_asked.emit(self.message_id, 1)
