"""Areas that scroll up and down where their contents are too long."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


def scrolled(contents: QWidget) -> QScrollArea:
    """``contents`` in an area that scrolls up and down only, and takes no keyboard focus itself."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    contents.setProperty("plain", True)
    area.setWidget(contents)
    area.viewport().setAutoFillBackground(False)
    contents.setAutoFillBackground(False)
    return area
