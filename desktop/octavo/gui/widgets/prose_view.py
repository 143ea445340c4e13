"""Prose of an answer: read-only text whose height follows its contents, and which loads nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QTextEdit

from octavo.gui.markdown.pieces import Line, Piece, Table
from octavo.gui.theme.fonts import READING, font
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.prose_writer import QUOTE_INDENT, QUOTE_PROPERTY, RULE_PROPERTY, Above, write_piece

USUAL_WIDTH = 700


class ProseView(QTextBrowser):
    """Consecutive pieces of prose; ``link_asked`` carries the target of a link that was clicked."""

    link_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self._has_caret = self._has_marks = False
        self._fitted = (0, 0)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(font(READING))
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QTextEdit.LineWrapMode.FixedPixelWidth)
        # Before it is fitted. In lines of no width each word is laid out in one of its own: twice the time.
        self.setLineWrapColumnOrWidth(USUAL_WIDTH)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Answer")
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.anchorClicked.connect(self._ask_link)

    def loadResource(self, kind: int, name: QUrl | str) -> str:
        """Nothing: no picture, no style, no file, no host."""
        return ""

    def show_pieces(self, pieces: Sequence[Piece], *, again: bool = False) -> None:
        """Show ``pieces``; only what differs from before is written, unless ``again``."""
        same = 0
        if not again:
            for old, new in zip(self._pieces, pieces, strict=False):
                if old != new:
                    break
                same += 1
        if same == len(self._pieces) == len(pieces) and not again:
            return
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        if same < len(self._starts):
            cursor.setPosition(self._starts[same])
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        del self._starts[same:]
        above = pieces[same - 1] if same else None
        for piece in pieces[same:]:
            # The end before the piece: its own block separator goes with it.
            self._starts.append(max(self.document().characterCount() - 1, 0))
            above_is = Above.TABLE if isinstance(above, Table) else Above.PROSE
            write_piece(cursor, piece, above_is if above is not None else Above.NOTHING)
            above = piece
        cursor.endEditBlock()
        self._pieces = list(pieces)
        self._has_marks = any(isinstance(each, Line) and (each.quote or each.is_rule) for each in pieces)
        self._fitted = (0, 0)

    def fit(self, width: int) -> int:
        """The height of the text at ``width`` pixels, pixels."""
        if self._fitted[0] != width:
            # Left to itself, Qt goes back to the width on view as soon as the height changes.
            if self.lineWrapColumnOrWidth() != width:
                self.setLineWrapColumnOrWidth(width)
            self._fitted = (width, max(math.ceil(self.document().size().height()), 1))
        return self._fitted[1]

    def show_caret(self, has_caret: bool) -> None:
        """Show a mark at the end, where more text will come."""
        if has_caret != self._has_caret:
            self._has_caret = has_caret
            self.viewport().update()

    def redraw(self) -> None:
        """Write everything again, in the colours of a new theme."""
        self._starts = []
        self.document().clear()
        self._fitted = (0, 0)
        self.show_pieces(self._pieces, again=True)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # The conversation scrolls, not the paragraph.
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setPen(Qt.PenStyle.NoPen)
        if self._has_caret:
            end = QTextCursor(self.document())
            end.movePosition(QTextCursor.MoveOperation.End)
            place = self.cursorRect(end)
            painter.fillRect(
                QRect(place.right() + 2, place.top() + 1, 3, place.height() - 2), colour("accent")
            )
        if self._has_marks:
            self._paint_marks(painter, event.rect())

    def _paint_marks(self, painter: QPainter, seen: QRect) -> None:
        """Paint the bars of quotes and the rules that are within ``seen``."""
        painter.setBrush(colour("border_strong"))
        layout = self.document().documentLayout()
        place = layout.hitTest(QPointF(0, seen.top()), Qt.HitTestAccuracy.FuzzyHit)
        block = self.document().findBlock(max(place, 0))
        while block.isValid():
            shape, area = block.blockFormat(), layout.blockBoundingRect(block)
            if area.top() > seen.bottom():
                break
            for level in range(int(shape.property(QUOTE_PROPERTY) or 0)):
                painter.drawRoundedRect(QRectF(level * QUOTE_INDENT, area.top(), 3, area.height()), 1.5, 1.5)
            if shape.property(RULE_PROPERTY):
                painter.drawRect(QRect(0, round(area.center().y()), self.viewport().width(), 1))
            block = block.next()

    def _ask_link(self, target: QUrl) -> None:
        self.link_asked.emit(target.toString())
