"""An on/off switch."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from octavo.gui.theme.tokens import colour

WIDTH, HEIGHT = 36, 20


class Switch(QAbstractButton):
    """A checkable control that slides; ``name`` is what screen readers say."""

    def __init__(self, name: str, is_on: bool = False) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setCheckable(True)
        self.setChecked(is_on)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(WIDTH + 6, HEIGHT + 6)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH + 6, HEIGHT + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        is_on = self.isChecked()
        painter.setBrush(colour("accent" if is_on else "field_border"))
        painter.drawRoundedRect(QRectF(3, 3, WIDTH, HEIGHT), HEIGHT / 2, HEIGHT / 2)
        painter.setBrush(colour("knob" if is_on else "surface"))
        painter.drawEllipse(QRectF(3 + (WIDTH - 18 if is_on else 2), 5, 16, 16))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour("accent"), 2))
            painter.drawRoundedRect(QRectF(1, 1, WIDTH + 4, HEIGHT + 4), HEIGHT / 2 + 2, HEIGHT / 2 + 2)
