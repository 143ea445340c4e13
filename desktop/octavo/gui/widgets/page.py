"""The frame of a page: title, one line about it, actions at the right, contents below."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.theme.fonts import BODY, HEADING, SEMIBOLD
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label

SIDE, TOP, BOTTOM = 28, 22, 24
# In a wider window what belongs together would stand too far apart.
WIDEST = 1400


class Page(QWidget):
    """A page with a heading; add its contents to ``body``."""

    def __init__(self, title: str, about: str, *actions: QWidget) -> None:
        super().__init__()
        self.setObjectName("page")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(SIDE, TOP, SIDE, BOTTOM)
        self.body.setSpacing(16)
        self.about = Label(about, BODY, tone="text2")
        heading = column(Label(title, HEADING, SEMIBOLD), self.about, gap=3)
        self.body.addLayout(row(heading, None, *actions))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        side = max(SIDE, (event.size().width() - WIDEST) // 2)
        self.body.setContentsMargins(side, TOP, side, BOTTOM)
