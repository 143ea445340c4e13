"""What a model thought before it answered, folded away."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTextEdit, QWidget

from octavo.gui.markdown.stream import MarkdownStream
from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.answer_view import AnswerView
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card
from octavo.gui.wording import duration

HEAD, GAP, PADDING = 28, 6, 12


class ThoughtFold(QWidget):
    """A line that opens to show the thought; nothing is drawn while it is closed.

    Attributes
    ----------
    is_thinking : bool
        Whether more of the thought may come.
    seconds : float
        How long the thought took; 0 where that is not known.
    """

    resized = Signal()
    text_made = Signal(QTextEdit)

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self._stream = MarkdownStream()
        self.is_thinking = False
        self.seconds = seconds
        self._began = 0.0
        self._toggle = Button("Thoughts", "ghost", "chevron-right", height=HEAD, size=SMALL)
        self._toggle.setParent(self)
        self._toggle.setCheckable(True)
        self._view = AnswerView()
        self._card = Card(kind="quiet", padding=0)
        self._card.setParent(self)
        self._view.setParent(self._card)
        self._card.hide()
        self._toggle.toggled.connect(self._fold)
        self._view.resized.connect(self.resized)
        self._view.text_made.connect(self.text_made)
        self.hide()

    @property
    def texts(self) -> list[QTextEdit]:
        """The parts that hold text and can be seen."""
        return [] if self._card.isHidden() or self.isHidden() else self._view.texts

    @property
    def has_text(self) -> bool:
        """Whether there is, or will be, anything to show."""
        return bool(self._stream.source.strip()) or self.is_thinking

    def grow(self, text: str, *, is_thinking: bool, is_live: bool = True) -> None:
        """Add to the thought; ``is_thinking`` says whether more may come, ``is_live`` whether it comes just now."""
        now = time.monotonic()
        if is_live and is_thinking and not self.is_thinking:
            self._began = now
        elif self._began and not is_thinking:
            self.seconds, self._began = now - self._began, 0.0
        self.is_thinking = is_thinking
        self._stream.feed(text)
        self.setVisible(self.has_text)
        done = f"Thought for {duration(self.seconds)}" if self.seconds else "Thoughts"
        told = "Thinking…" if is_thinking else done
        self._toggle.show_text(told, f"Show the thoughts: {told}")
        self._draw()

    def fit(self, width: int) -> int:
        """Arrange everything for ``width`` pixels; the height, pixels."""
        # The button's own padding would set it apart from the text below.
        self._toggle.setGeometry(-13, 0, self._toggle.sizeHint().width(), HEAD)
        if self._card.isHidden():
            return HEAD
        inner = self._view.fit(width - 2 * PADDING)
        self._view.setGeometry(PADDING, PADDING, width - 2 * PADDING, inner)
        self._card.setGeometry(0, HEAD + GAP, width, inner + 2 * PADDING)
        return HEAD + GAP + inner + 2 * PADDING + GAP

    def unfold(self) -> None:
        """Open it."""
        self._toggle.setChecked(True)

    def _fold(self, is_open: bool) -> None:
        self._toggle.show_icon("chevron-down" if is_open else "chevron-right")
        self._card.setVisible(is_open)
        self._draw()
        self.resized.emit()

    def _draw(self) -> None:
        if not self._card.isHidden():
            self._stream.step(is_end=not self.is_thinking)
            self._view.show_pieces(self._stream.pieces, is_end=not self.is_thinking)
