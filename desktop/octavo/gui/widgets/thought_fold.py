"""What a model thought before it answered, folded away."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from octavo.gui.markdown.stream import MarkdownStream
from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.answer_view import AnswerView
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, column, row


class ThoughtFold(QWidget):
    """A line that opens to show the thought; nothing is drawn while it is closed.

    Attributes
    ----------
    is_thinking : bool
        Whether more of the thought may come.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stream = MarkdownStream()
        self.is_thinking = False
        self._toggle = Button("Thoughts", "ghost", "chevron-down", height=28, size=SMALL)
        self._view = AnswerView()
        self._card = Card(self._view, kind="quiet", padding=12)
        self._card.hide()
        self.setLayout(column(row(self._toggle, None), self._card, gap=6))
        self._toggle.clicked.connect(self._fold)
        self.hide()

    def grow(self, text: str, *, is_thinking: bool) -> None:
        """Add to the thought; ``is_thinking`` says whether more may come."""
        self.is_thinking = is_thinking
        self._stream.feed(text)
        self.setVisible(bool(self._stream.source.strip()) or is_thinking)
        self._toggle.show_text("Thinking…" if is_thinking else "Thoughts", "Show the thoughts")
        self._draw()

    def _fold(self) -> None:
        self._card.setVisible(self._card.isHidden())
        self._draw()

    def _draw(self) -> None:
        if not self._card.isHidden():
            self._stream.step(is_end=not self.is_thinking)
            self._view.show_pieces(self._stream.pieces, is_end=not self.is_thinking)
