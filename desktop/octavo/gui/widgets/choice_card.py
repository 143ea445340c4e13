"""A card that can be chosen, one of several, with the mouse or the arrow keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from octavo.gui.theme.tokens import colour

RADIUS = 10


class ChoiceCard(QAbstractButton):
    """A checkable card; put it into an exclusive QButtonGroup and its contents into ``body``."""

    def __init__(self, padding: int = 14, gap: int = 14) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.body = QHBoxLayout(self)
        self.body.setContentsMargins(padding, padding, padding, padding)
        self.body.setSpacing(gap)

    def sizeHint(self) -> QSize:
        return self.body.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return self.body.minimumSize()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_card(
            painter,
            self.rect(),
            is_chosen=self.isChecked(),
            is_under_mouse=self.underMouse(),
            shows_focus=self.hasFocus() and shows_focus(self),
        )


def shows_focus(widget: QWidget) -> bool:
    """Whether the keyboard is in use in the widget's window, so that people want to see where it is."""
    return widget.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)


def paint_card(
    painter: QPainter, area: QRect, *, is_chosen: bool, is_under_mouse: bool, shows_focus: bool
) -> None:
    """Paint the ground and the edge of a card that can be chosen."""
    width, token = (2.0, "accent") if is_chosen else (1.0, "border")
    if is_under_mouse and not is_chosen:
        token = "border_strong"
    edge = width / 2
    painter.setPen(QPen(colour(token), width))
    painter.setBrush(colour("surface"))
    painter.drawRoundedRect(QRectF(area).adjusted(edge, edge, -edge, -edge), RADIUS, RADIUS)
    if shows_focus:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour("text2"), 1.5, Qt.PenStyle.DotLine))
        painter.drawRoundedRect(QRectF(area).adjusted(4, 4, -4, -4), RADIUS - 3, RADIUS - 3)
