"""Text in one of the sizes, weights and tones of the theme; always plain text, never markup."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from octavo.gui.theme.fonts import BODY, REGULAR, font


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property of ``widget`` that it selects by has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


class Label(QLabel):
    """A piece of text; ``elide`` cuts it with … where it is too long and shows all of it as a tip."""

    def __init__(
        self,
        text: str = "",
        size: int = BODY,
        weight: QFont.Weight = REGULAR,
        tone: str = "text",
        *,
        code: bool = False,
        wrap: bool = False,
        elide: bool = False,
    ) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(font(size, weight, code=code))
        self.setProperty("tone", tone)
        self.setWordWrap(wrap)
        self._elide = elide
        if elide:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Show ``text``."""
        self.setText(text)
        if self._elide:
            self.setToolTip(text)

    def show_tone(self, tone: str) -> None:
        """Take the colour of another token."""
        if self.property("tone") != tone:
            self.setProperty("tone", tone)
            restyle(self)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(24, hint.height()) if self._elide else hint

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._elide:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        cut = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self.alignment().value | Qt.TextFlag.TextSingleLine.value, cut)
