"""A small rounded label; with a dot it says how something stands."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from octavo.gui.theme.fonts import MEDIUM, TINY
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.label import Label

HEIGHT = 22

_GROUNDS = {
    "ok": "ok_soft",
    "warn": "warn_soft",
    "danger": "danger_soft",
    "accent_ink": "accent_soft",
    "text2": "surface2",
    "text3": "surface2",
}


def pill_margins(*, dot: bool = False) -> tuple[int, int]:
    """What stands free before and after the text, pixels."""
    return (20 if dot else 11), 11


def paint_ground(painter: QPainter, area: QRect, tone: str, *, dot: bool = False) -> None:
    """Paint what the text of a pill stands on."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour(_GROUNDS.get(tone, "surface2")))
    painter.drawRoundedRect(QRectF(area), area.height() / 2, area.height() / 2)
    if dot:
        painter.setBrush(colour(tone))
        painter.drawEllipse(QPointF(area.left() + 10.5, area.top() + area.height() / 2), 3, 3)


class Pill(Label):
    """Text on a rounded ground of its tone."""

    def __init__(self, text: str = "", tone: str = "text2", *, dot: bool = False) -> None:
        super().__init__(text, TINY, MEDIUM, tone)
        self._dot = dot
        self.setFixedHeight(HEIGHT)
        before, after = pill_margins(dot=dot)
        self.setContentsMargins(before, 0, after, 0)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def say(self, text: str, tone: str) -> None:
        """Show another text and tone."""
        self.show_text(text)
        self.show_tone(tone)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, self.rect(), self.property("tone"), dot=self._dot)
        painter.end()
        super().paintEvent(event)


VERDICTS = {
    "runs well": ("Runs well", "ok"),
    "tight": ("Tight", "warn"),
    "too large": ("Too large", "danger"),
}


class VerdictPill(Pill):
    """Whether a model fits this computer, in two words and a colour."""

    def __init__(self, name: str = "") -> None:
        super().__init__("", "text3", dot=True)
        self.show_verdict(name)

    def show_verdict(self, name: str) -> None:
        """Show ``runs well``, ``tight`` or ``too large``; anything else hides the pill."""
        self.setVisible(name in VERDICTS)
        text, tone = VERDICTS.get(name, ("", "text3"))
        self.say(text, tone)
