"""Selecting with the mouse from one part of a conversation into another, as if it were one text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QTextCursor
from PySide6.QtWidgets import QScrollArea, QTextEdit

EDGE_PIXELS = 20


class TextSelection(QObject):
    """Joins the text parts of ``area``; a selection inside one part is Qt's own business."""

    def __init__(self, area: QScrollArea, parts: Callable[[], Sequence[QTextEdit]]) -> None:
        super().__init__(area)
        self._area, self._parts = area, parts
        self._from: QTextEdit | None = None
        self._selected: list[QTextEdit] = []

    def watch(self, part: QTextEdit) -> None:
        """Take part in what the mouse and Ctrl+C do in ``part``."""
        part.viewport().installEventFilter(self)
        part.installEventFilter(self)

    @property
    def text(self) -> str:
        """What is selected, over all parts."""
        parts = self._parts()
        here = [each for each in self._selected if each in parts]
        chosen = [each.textCursor().selection().toPlainText() for each in here]
        return "\n\n".join(each for each in chosen if each)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent):
            is_copy = event.type() == QEvent.Type.KeyPress and event.matches(QKeySequence.StandardKey.Copy)
            if is_copy and len(self._selected) > 1:
                QGuiApplication.clipboard().setText(self.text)
                return True
        elif isinstance(event, QMouseEvent):
            part = watched.parent()
            if isinstance(part, QTextEdit) and event.type() == QEvent.Type.MouseButtonPress:
                self._clear()
                self._from = part
            elif event.type() == QEvent.Type.MouseMove and event.buttons() & Qt.MouseButton.LeftButton:
                return self._drag(event.globalPosition().toPoint())
        return super().eventFilter(watched, event)

    def _drag(self, place: QPoint) -> bool:
        """Select from where the mouse was pressed to ``place``; whether that leaves its part."""
        parts = list(self._parts())
        if self._from is None or self._from not in parts:
            return False
        self._scroll_towards(place)
        begin, end = parts.index(self._from), _nearest(parts, place)
        for each in self._selected:
            if each is not self._from and each in parts:
                _select(each, 0, 0)
        if begin == end:
            self._selected = [self._from]
            return False
        anchor = self._from.textCursor().anchor()
        target = parts[end]
        there = target.cursorForPosition(target.viewport().mapFromGlobal(place)).position()
        first, last = sorted((begin, end))
        self._selected = parts[first : last + 1]
        for each in self._selected[1:-1]:
            _select(each, 0, None)
        if begin < end:
            _select(self._from, anchor, None)
            _select(target, 0, there)
        else:
            _select(self._from, anchor, 0)
            _select(target, None, there)
        return True

    def _scroll_towards(self, place: QPoint) -> None:
        view = self._area.viewport()
        y = view.mapFromGlobal(place).y()
        if not 0 <= y < view.height():
            bar = self._area.verticalScrollBar()
            bar.setValue(bar.value() + (EDGE_PIXELS if y > 0 else -EDGE_PIXELS))

    def _clear(self) -> None:
        parts = set(self._parts())
        for each in self._selected:
            if each in parts:
                _select(each, 0, 0)
        self._selected = []


def _nearest(parts: Sequence[QTextEdit], place: QPoint) -> int:
    """The last part that begins above ``place``."""
    tops = [each.mapToGlobal(QPoint(0, 0)).y() for each in parts]
    return max((number for number, top in enumerate(tops) if top <= place.y()), default=0)


def _select(part: QTextEdit, anchor: int | None, position: int | None) -> None:
    """Select in one part; None is its end."""
    end = max(part.document().characterCount() - 1, 0)
    cursor = part.textCursor()
    cursor.setPosition(end if anchor is None else min(anchor, end))
    cursor.setPosition(end if position is None else min(position, end), QTextCursor.MoveMode.KeepAnchor)
    part.setTextCursor(cursor)
