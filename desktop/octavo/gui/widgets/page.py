"""The frame of a page: title, one line about it, actions at the right, contents below."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.theme.fonts import BODY, HEADING, SEMIBOLD
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label


class Page(QWidget):
    """A page with a heading; add its contents to ``body``."""

    def __init__(self, title: str, about: str, *actions: QWidget) -> None:
        super().__init__()
        self.setObjectName("page")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(28, 22, 28, 24)
        self.body.setSpacing(16)
        self.about = Label(about, BODY, tone="text2")
        heading = column(Label(title, HEADING, SEMIBOLD), self.about, gap=3)
        self.body.addLayout(row(heading, None, *actions))
