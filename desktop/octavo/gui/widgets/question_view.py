"""The user's words in a bubble at the right."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QTextEdit

from octavo.gui.markdown.clean_text import clean
from octavo.gui.markdown.parser import PLAIN_LINE
from octavo.gui.markdown.pieces import Line, Piece, Run
from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card
from octavo.gui.widgets.message_actions import HEIGHT
from octavo.gui.widgets.message_view import MessageView, ShownMessage
from octavo.gui.widgets.prose_view import ProseView

SHARE = 0.75
PADDING = 12
MOST_CHARACTERS = 20_000
MOST_LINES = 300
LEADING = 7
FOLDED_CHARACTERS, FOLDED_LINES = 700, 10
FOLD_HEIGHT, GAP = 24, 4


class QuestionView(MessageView):
    """A question, at most three quarters wide; a long one is folded, a very long one shown in part; copied whole."""

    def __init__(self, message: ShownMessage) -> None:
        super().__init__(message)
        self._source = message.text
        self._bubble = Card(kind="question", padding=0, gap=0)
        self._bubble.setParent(self)
        self._text = ProseView()
        self._text.setParent(self._bubble)
        self._text.setAccessibleName("Your message")
        self._more = Button(
            "Show all", "link", height=FOLD_HEIGHT, size=SMALL, name="Show all of the message"
        )
        self._more.setParent(self._bubble)
        self._more.clicked.connect(self._toggle)
        self._is_foldable = len(message.text) > FOLDED_CHARACTERS or message.text.count("\n") >= FOLDED_LINES
        self._is_folded = self._is_foldable
        self._more.setVisible(self._is_foldable)
        self._write()
        measure = QFontMetricsF(self._text.font()).horizontalAdvance
        longest = max(measure(line) for line in message.text[:MOST_CHARACTERS].split("\n"))
        self._natural = math.ceil(longest) + 2 * PADDING + 2
        self.show_state(message)

    def show_state(self, message: ShownMessage) -> None:
        """Show which branch it is on."""
        self.tools.show_state(
            footer="", branch=message.branch, n_branches=message.n_branches, can_continue=False
        )

    @property
    def source(self) -> str:
        """The text as it was sent."""
        return self._source

    @property
    def texts(self) -> list[QTextEdit]:
        """The one part that holds its text."""
        return [self._text]

    def fit(self, width: int) -> int:
        """Arrange bubble and buttons for ``width`` pixels; the height, pixels."""
        if self.editor is not None:
            height = self.editor.fit(width)
            self.editor.setGeometry(0, 0, width, height)
            return height
        wide = min(self._natural, round(SHARE * width))
        high = self._text.fit(wide - 2 * PADDING)
        # Qt puts the room between lines below each of them, the last one too.
        self._text.setGeometry(PADDING, PADDING, wide - 2 * PADDING, high)
        below = PADDING + high + PADDING - LEADING
        if self._is_foldable:
            self._more.setGeometry(PADDING, below - GAP, self._more.sizeHint().width(), FOLD_HEIGHT)
            below += FOLD_HEIGHT
        self._bubble.setGeometry(width - wide, 0, wide, below)
        self.tools.setGeometry(0, below, width, HEIGHT)
        return below + HEIGHT

    def unfold(self) -> None:
        """Show all of it."""
        if self._is_folded:
            self._toggle()

    def _toggle(self) -> None:
        self._is_folded = not self._is_folded
        self._more.show_text("Show all" if self._is_folded else "Show less")
        self._write()
        self.resized.emit()

    def _write(self) -> None:
        shown = self._source
        if self._is_folded:
            shown = "\n".join(shown[:FOLDED_CHARACTERS].split("\n")[:FOLDED_LINES]) + " …"
        self._text.show_pieces(_lines(shown))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._text.redraw()

    def _show_editing(self, is_editing: bool) -> None:
        self._bubble.setVisible(not is_editing)
        self.tools.setVisible(not is_editing)


def _lines(text: str) -> list[Piece]:
    """The text line by line, as much of it as can be laid out in time."""
    shown = clean(text[:MOST_CHARACTERS]).split("\n")
    lines = [
        line[start : start + PLAIN_LINE]
        for line in shown
        for start in range(0, max(len(line), 1), PLAIN_LINE)
    ]
    pieces: list[Piece] = [Line((Run(line),), is_tight=True, is_plain=True) for line in lines[:MOST_LINES]]
    if len(text) > MOST_CHARACTERS or len(lines) > MOST_LINES:
        pieces.append(Line((Run("Only the beginning is shown; all of it is sent.", italic=True),)))
    return pieces
