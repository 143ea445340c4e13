"""An answer: prose and code cards in a column, updated in place while it streams."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.markdown.pieces import Code, Piece
from octavo.gui.widgets.code_card import CodeCard
from octavo.gui.widgets.prose_view import ProseView

Segment = list[Piece]


class AnswerView(QWidget):
    """Shows pieces; segments that did not change are left alone."""

    link_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._segments: list[Segment] = []
        self._views: list[ProseView | CodeCard] = []
        self._theme = ""
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)

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

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for view in self._views:
                view.redraw()

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
        self._column.insertWidget(number, view)

    def _remove(self, number: int) -> None:
        view = self._views.pop(number)
        self._column.removeWidget(view)
        view.deleteLater()


def cut(pieces: Sequence[Piece]) -> list[Segment]:
    """Runs of prose, and each code block by itself."""
    segments: list[Segment] = []
    for piece in pieces:
        if isinstance(piece, Code) or not segments or isinstance(segments[-1][0], Code):
            segments.append([piece])
        else:
            segments[-1].append(piece)
    return segments
