"""Lucide icons (ISC), tinted with a token while they are drawn."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

STROKE = 1.75
SCALES = (1, 2)


@cache
def _source(name: str) -> str:
    text = (files("octavo_resources") / "icons" / f"{name}.svg").read_text("utf-8")
    return text.replace('stroke-width="2"', f'stroke-width="{STROKE}"')


def pixmap(name: str, colour: QColor, size: int, ratio: float = 2.0) -> QPixmap:
    """The icon ``name`` in ``colour``, ``size`` by ``size`` pixels at a screen ratio of ``ratio``."""
    return _drawn(name, colour.name(), size, ratio)


# Widgets ask again at every change of style, several times each.
@cache
def _drawn(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    side = round(size * ratio)
    made = QPixmap(side, side)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def icon(name: str, colour: QColor, size: int, disabled: QColor | None = None) -> QIcon:
    """The icon ``name`` for a button, sharp on screens of ratio 1 and 2."""
    made = QIcon()
    for ratio in SCALES:
        made.addPixmap(pixmap(name, colour, size, ratio))
        if disabled is not None:
            made.addPixmap(pixmap(name, disabled, size, ratio), QIcon.Mode.Disabled)
    return made


def icon_size(size: int) -> QSize:
    """The square that an icon fills."""
    return QSize(size, size)
