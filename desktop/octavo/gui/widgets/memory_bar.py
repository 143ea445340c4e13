"""A bar of memory: parts side by side against a whole, with a mark for what is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QWidget

from octavo.gui.theme.fonts import MEDIUM, SMALL
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.card import row
from octavo.gui.widgets.label import Label
from octavo.gui.wording import byte_count


@dataclass(frozen=True)
class Part:
    """One part of a bar: its name, bytes, and colour token."""

    name: str
    n_bytes: int
    token: str


class MemoryBar(QWidget):
    """Parts of memory as one stacked bar."""

    def __init__(self, height: int = 12) -> None:
        super().__init__()
        self.setFixedHeight(height)
        self.setMinimumWidth(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._parts: list[Part] = []
        self._total_bytes = 0
        self._limit_bytes = 0
        self.setAccessibleName("Memory")

    def show_parts(self, parts: Sequence[Part], total_bytes: int, limit_bytes: int = 0) -> None:
        """Show ``parts`` on a bar as long as ``total_bytes``, with a dotted mark at ``limit_bytes``."""
        shown = (list(parts), total_bytes, limit_bytes)
        if shown == (self._parts, self._total_bytes, self._limit_bytes):
            return
        self._parts, self._total_bytes, self._limit_bytes = shown
        said = ", ".join(f"{each.name} {byte_count(each.n_bytes)}" for each in self._parts)
        self.setAccessibleName(f"Memory: {said} of {byte_count(total_bytes)}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, height = float(self.width()), float(self.height())
        shape = QPainterPath()
        radius = min(5.0, height / 2)
        shape.addRoundedRect(QRectF(0, 0, width, height), radius, radius)
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), colour("track"))
        left = 0.0
        for each in self._parts:
            length = each.n_bytes / self._total_bytes * width if self._total_bytes else 0.0
            if length > 0:
                painter.fillRect(QRectF(left, 0, max(length - 1.5, 1.0), height), colour(each.token))
            left += length
        if 0 < self._limit_bytes < self._total_bytes:
            painter.setClipping(False)
            at = self._limit_bytes / self._total_bytes * width
            painter.setPen(QPen(colour("text2"), 1.5, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(at, 0), QPointF(at, height))


class Swatch(QWidget):
    """A small square of one colour token."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self.setFixedSize(8, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._token))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)


class Legend(QFrame):
    """What the colours of a bar mean; figures can stand behind the names."""

    def __init__(self, entries: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        self._figures: list[Label] = []
        for name, token in entries:
            figure = Label("", SMALL, MEDIUM)
            figure.hide()
            self._figures.append(figure)
            layout.addLayout(row(Swatch(token), Label(name, SMALL, tone="text2"), figure, gap=5))
        layout.addStretch(1)

    def show_figures(self, figures: Sequence[str]) -> None:
        """Put a figure behind each name."""
        for label, text in zip(self._figures, figures, strict=True):
            label.show_text(text)
            label.setVisible(bool(text))


MODEL_PARTS = (("Weights", "weights"), ("KV cache", "kv"), ("Working", "working"), ("Program", "other"))
