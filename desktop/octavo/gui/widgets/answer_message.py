"""An answer of the model: thought, text, and what can be done with it; it may still grow."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QTextEdit

from octavo.gui.markdown.parser import PLAIN_CHARACTERS
from octavo.gui.markdown.pieces import Code, Piece
from octavo.gui.markdown.stream import MarkdownStream
from octavo.gui.markdown.thoughts import ThoughtSplitter
from octavo.gui.widgets.answer_view import AnswerView
from octavo.gui.widgets.message_actions import HEIGHT
from octavo.gui.widgets.message_view import MessageView, ShownMessage
from octavo.gui.widgets.thought_fold import ThoughtFold

TICK_MS = 33
SLOWEST_TICK_MS = 264
TOO_LONG_MS = 8.0
GAP = 6
SHORTEST = 24
# An answer from the store is drawn in steps of so many characters, for the window to stay responsive.
STEP_CHARACTERS = 3_000
STEP_MS = 5
# How much of an answer screen readers are told at its end.
SPOKEN_CHARACTERS = 2_000


class AnswerMessage(MessageView):
    """One answer, drawn 30 times a second at most while it grows."""

    link_asked = Signal(str)

    def __init__(self, message: ShownMessage) -> None:
        super().__init__(message)
        self._is_growing = self._is_raw = False
        self._tick = QTimer(self, singleShot=True, interval=TICK_MS)
        self._tick.timeout.connect(self._draw)
        self._view = AnswerView()
        self._view.setParent(self)
        self._view.link_asked.connect(self.link_asked)
        self._view.resized.connect(self.resized)
        self._view.text_made.connect(self.text_made)
        self.tools.raw.toggled.connect(self._show_raw)
        self._source = self._pending = ""
        self._thought = ThoughtFold()
        self._stream, self._splitter = MarkdownStream(), ThoughtSplitter()
        self._restart(message.text, message.thought_seconds)
        self._draw()
        self.show_state(message)

    @property
    def source(self) -> str:
        """The markdown of the answer, its thoughts too."""
        return self._source

    @property
    def texts(self) -> list[QTextEdit]:
        """The parts that hold its text."""
        return [*self._thought.texts, *self._view.texts]

    @property
    def thought_seconds(self) -> float:
        """How long the model thought, seconds; 0 where that is not known."""
        return self._thought.seconds

    def show_state(self, message: ShownMessage) -> None:
        """Show figures, branch and what can be done."""
        self.tools.show_state(
            footer=message.footer,
            branch=message.branch,
            n_branches=message.n_branches,
            can_continue=message.can_continue,
        )

    def begin(self) -> None:
        """The answer is about to grow, from its beginning or on from what is there."""
        self._restart(self._source, self._thought.seconds)
        self._take(self._pending)
        self._pending = ""
        self._is_growing = True
        self.tools.hide()
        self._draw()
        self.resized.emit()

    def grow(self, text: str) -> None:
        """Add ``text``; it is drawn at the next tick."""
        self._source += text
        self._take(text)
        if not self._tick.isActive():
            self._tick.start()

    def draw_now(self) -> None:
        """Draw what has come without waiting for the next tick."""
        self._tick.stop()
        self._draw()

    def finish(self, message: ShownMessage) -> None:
        """Draw all that has come and show the buttons."""
        was_growing, self._is_growing = self._is_growing, False
        self._tick.stop()
        self._end()
        self.show_state(message)
        self.tools.show()
        self.resized.emit()
        if was_growing and QAccessible.isActive():
            QAccessible.updateAccessibility(
                QAccessibleAnnouncementEvent(self, self._source[:SPOKEN_CHARACTERS])
            )

    def fit(self, width: int) -> int:
        """Arrange everything for ``width`` pixels; the height, pixels."""
        if self.editor is not None:
            height = self.editor.fit(width)
            self.editor.setGeometry(0, 0, width, height)
            return height
        top = 0
        if not self._thought.isHidden():
            height = self._thought.fit(width)
            self._thought.setGeometry(0, 0, width, height)
            top = height + GAP
        height = self._view.fit(width)
        self._view.setGeometry(0, top, width, height)
        top += height
        if not self._is_growing:
            self.tools.setGeometry(-6, top + GAP, width, HEIGHT)
            top += GAP + HEIGHT
        return max(top, SHORTEST)

    def unfold(self) -> None:
        """Open the thoughts."""
        self._thought.unfold()

    def _restart(self, source: str, thought_seconds: float) -> None:
        """Begin to draw ``source`` anew."""
        self._thought.hide()
        self._thought.deleteLater()
        self._thought = ThoughtFold(thought_seconds)
        self._thought.setParent(self)
        self._thought.resized.connect(self.resized)
        self._thought.text_made.connect(self.text_made)
        self._stream, self._splitter = MarkdownStream(), ThoughtSplitter()
        self._source = self._pending = source

    def _take(self, text: str) -> None:
        thought, answer = self._splitter.feed(text)
        self._stream.feed(answer)
        if thought or self._splitter.is_thinking or (answer and self._thought.is_thinking):
            self._thought.grow(thought, is_thinking=self._splitter.is_thinking, is_live=self._is_growing)

    def _end(self) -> None:
        """No more will come."""
        thought, answer = self._splitter.flush()
        self._stream.feed(answer)
        if thought or self._splitter.is_thinking or self._thought.is_thinking:
            self._thought.grow(thought, is_thinking=False)
        self._stream.step(is_end=True)
        self._view.show_pieces(self._pieces, is_end=True)

    @property
    def _pieces(self) -> list[Piece]:
        if self._is_raw:
            return [Code(self._source[:PLAIN_CHARACTERS], "markdown")]
        return self._stream.pieces

    def _draw(self) -> None:
        started = time.perf_counter()
        if self._pending:
            step, self._pending = self._pending[:STEP_CHARACTERS], self._pending[STEP_CHARACTERS:]
            self._take(step)
        if not self._is_growing and not self._pending:
            self._end()
            return
        self._stream.step()
        self._view.show_pieces(self._pieces, is_end=False)
        took = 1000 * (time.perf_counter() - started)
        if self._pending:
            self._tick.start(STEP_MS)
        else:
            # A tick that takes long must not take the processor from the model.
            wanted = self._tick.interval() * 2 if took > TOO_LONG_MS else TICK_MS
            self._tick.setInterval(max(min(wanted, SLOWEST_TICK_MS), TICK_MS))

    def _show_raw(self, is_raw: bool) -> None:
        self._is_raw = is_raw
        self._view.show_pieces(self._pieces, is_end=not self._is_growing)

    def _show_editing(self, is_editing: bool) -> None:
        self._view.setVisible(not is_editing)
        self.tools.setVisible(not is_editing)
        self._thought.setVisible(not is_editing and self._thought.has_text)
