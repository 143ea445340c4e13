"""An answer: prose and code cards one below the other, updated in place while it streams."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTextEdit, QWidget

from octavo.gui.markdown.pieces import Code, Line, Piece, Table
from octavo.gui.widgets.code_card import CodeCard
from octavo.gui.widgets.prose_view import ProseView

Segment = list[Piece]
GAP = 12
# Prose is cut here and there, so that drawing a piece of it does not cost more the longer the answer is.
MOST_PIECES = 40


class AnswerView(QWidget):
    """Shows pieces; segments that did not change are left alone. ``resized`` tells of another height."""

    link_asked = Signal(str)
    resized = Signal()
    text_made = Signal(QTextEdit)

    def __init__(self) -> None:
        super().__init__()
        self._segments: list[Segment] = []
        self._views: list[ProseView | CodeCard] = []
        self._height = 0

    @property
    def texts(self) -> list[QTextEdit]:
        """The parts that hold text, from top to bottom."""
        return [each if isinstance(each, ProseView) else each.view for each in self._views]

    def show_pieces(self, pieces: Sequence[Piece], *, is_end: bool) -> None:
        """Show ``pieces``; ``is_end`` says that no more will come."""
        segments = cut(pieces)
        for number, segment in enumerate(segments):
            is_last = number == len(segments) - 1
            if number < len(self._segments) and self._segments[number] == segment and not is_last:
                # Code that was the last so far is closed now.
                if number == len(self._segments) - 1:
                    self._show(number, segment, is_closed=True)
                continue
            self._show(number, segment, is_closed=is_end or not is_last)
        while len(self._views) > len(segments):
            self._remove(len(self._views) - 1)
        self._segments = segments
        for view in self._views:
            if isinstance(view, ProseView):
                view.show_caret(not is_end and view is self._views[-1])
        self._arrange()

    def fit(self, width: int) -> int:
        """Arrange everything for ``width`` pixels; the height that it takes, pixels."""
        top = 0
        for view in self._views:
            height = view.fit(width)
            view.setGeometry(0, top, width, height)
            top += height + GAP
        self._height = max(top - GAP, 0)
        self.setFixedHeight(self._height)
        return self._height

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for view in self._views:
                view.redraw()

    def _arrange(self) -> None:
        before = self._height
        if self.fit(self.width()) != before:
            self.resized.emit()

    def _show(self, number: int, segment: Segment, *, is_closed: bool) -> None:
        is_code = isinstance(segment[0], Code)
        if number < len(self._views) and isinstance(self._views[number], CodeCard) != is_code:
            self._remove(number)
        if number >= len(self._views) or isinstance(self._views[number], CodeCard) != is_code:
            self._insert(number, CodeCard() if is_code else ProseView())
        view = self._views[number]
        if isinstance(view, CodeCard):
            code = segment[0]
            assert isinstance(code, Code)
            view.show_code(code, is_closed=is_closed)
        else:
            view.show_pieces(segment)

    def _insert(self, number: int, view: ProseView | CodeCard) -> None:
        if isinstance(view, ProseView):
            view.link_asked.connect(self.link_asked)
        self._views.insert(number, view)
        view.setParent(self)
        view.show()
        self.text_made.emit(view if isinstance(view, ProseView) else view.view)

    def _remove(self, number: int) -> None:
        view = self._views.pop(number)
        view.hide()
        view.deleteLater()


def cut(pieces: Sequence[Piece]) -> list[Segment]:
    """Runs of prose, and each code block by itself."""
    segments: list[Segment] = []
    for piece in pieces:
        if not segments or _begins_segment(segments[-1], piece):
            segments.append([piece])
        else:
            segments[-1].append(piece)
    return segments


def _begins_segment(segment: Segment, piece: Piece) -> bool:
    if isinstance(piece, Code) or isinstance(segment[0], Code):
        return True
    return len(segment) >= MOST_PIECES and _stands_alone(segment[-1], piece)


def _stands_alone(above: Piece, piece: Piece) -> bool:
    """Whether ``piece`` looks the same in a segment of its own."""
    is_paragraph = isinstance(piece, Line) and not (
        piece.level or piece.indent or piece.quote or piece.is_plain
    )
    return is_paragraph and not isinstance(above, Table)
