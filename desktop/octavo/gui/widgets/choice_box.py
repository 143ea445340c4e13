"""A box of choices with the theme's arrow."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox

from octavo.gui.theme.icons import pixmap
from octavo.gui.theme.tokens import colour

ARROW = 16


class ChoiceBox(QComboBox):
    """A combo box that shows that it opens, in every theme."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        arrow = pixmap("chevron-down", colour("text2"), ARROW, self.devicePixelRatioF())
        QPainter(self).drawPixmap(self.width() - ARROW - 8, (self.height() - ARROW) // 2, arrow)
