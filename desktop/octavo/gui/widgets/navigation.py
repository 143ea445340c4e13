"""The way from page to page, with the memory meter at its foot."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QButtonGroup, QFrame, QVBoxLayout, QWidget

from octavo.gui.theme.fonts import MEDIUM, SEMIBOLD, TINY, TITLE, font
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Line, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.memory_meter import MemoryMeter

WIDTH = 208


LEAVES = ((0, 0, 255), (13, 0, 150), (0, 13, 150), (13, 13, 70))


def paint_mark(painter: QPainter) -> None:
    """Octavo's sign, four leaves of a folded sheet, in a square of 28."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    for left, top, strength in LEAVES:
        ink = colour("accent")
        ink.setAlpha(strength)
        painter.setBrush(ink)
        painter.drawRoundedRect(QRectF(2 + left, 2 + top, 11, 11), 3, 3)


def mark_pixmap(side: int) -> QPixmap:
    """The sign as the window's icon."""
    made = QPixmap(side, side)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.scale(side / 28, side / 28)
    paint_mark(painter)
    painter.end()
    return made


class Mark(QWidget):
    """The sign over the navigation."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(QSize(28, 28))

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_mark(QPainter(self))


class Navigation(QFrame):
    """Buttons for the pages; the last one stands at the foot."""

    chosen = Signal(int)

    def __init__(self, pages: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setObjectName("navigation")
        self.setFixedWidth(WIDTH)
        self.meter = MemoryMeter()
        self._news = Label("", TINY, tone="text3", wrap=True)
        self._news.setContentsMargins(8, 0, 8, 8)
        self._news.hide()
        self._group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 18, 11, 14)
        layout.setSpacing(2)
        layout.addLayout(row(Mark(), Label("Octavo", TITLE, SEMIBOLD), None, gap=10, margins=(8, 0, 0, 0)))
        layout.addSpacing(20)
        for number, (name, icon_name) in enumerate(pages):
            button = Button(name, "navigation", icon_name, height=36, icon_pixels=18)
            button.setText(f"  {name}")
            button.setCheckable(True)
            button.setToolTip(f"{name} (Ctrl+{number + 1})")
            self._group.addButton(button, number)
            if number == len(pages) - 1:
                layout.addStretch(1)
            layout.addWidget(button)
        layout.addSpacing(10)
        layout.addWidget(self._news)
        layout.addWidget(Line())
        layout.addSpacing(10)
        layout.addWidget(self.meter)
        self._group.idClicked.connect(self.chosen)
        self._group.idToggled.connect(self._weigh)

    def show_page(self, number: int) -> None:
        """Mark page ``number`` as the one on view."""
        self._group.button(number).setChecked(True)

    def show_news(self, text: str) -> None:
        """Say in small letters what goes on in the background; an empty text says nothing."""
        self._news.show_text(text)
        self._news.setVisible(bool(text))

    def _weigh(self, number: int, is_on: bool) -> None:
        button = self._group.button(number)
        button.setFont(font(weight=SEMIBOLD if is_on else MEDIUM))
