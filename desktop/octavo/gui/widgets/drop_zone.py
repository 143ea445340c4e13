"""Where models can be dropped, and which of the dropped things are models."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from octavo.gui.theme.fonts import BODY, MEDIUM, SMALL
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.card import column
from octavo.gui.widgets.label import Label


def dropped_paths(dropped: QMimeData) -> list[Path]:
    """The local files and folders among what was dropped."""
    return [Path(each.toLocalFile()) for each in dropped.urls() if each.isLocalFile()]


class DropZone(QWidget):
    """A dashed frame that says what may be dropped; the window itself takes the drop."""

    def __init__(self) -> None:
        super().__init__()
        self._is_dropping = False
        layout = column(gap=4, margins=(22, 22, 22, 22))
        self.setLayout(layout)
        head = Label("Drop a .gguf file or a Hugging Face folder here", BODY, MEDIUM, "text2")
        note = Label("Nothing is uploaded. Models stay on this computer.", SMALL, tone="text3")
        for each in (head, note):
            each.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(each)

    def show_dropping(self, is_dropping: bool) -> None:
        """Light up while something is held over the window."""
        self._is_dropping = is_dropping
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(colour("accent" if self._is_dropping else "border_strong"), 2 if self._is_dropping else 1)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        if self._is_dropping:
            painter.setBrush(colour("accent_soft"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 10, 10)
