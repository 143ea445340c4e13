"""Read-only plain text with marked stretches, each of which can say something under the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QUrl
from PySide6.QtGui import QFont, QHelpEvent, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextBrowser, QToolTip

from octavo.gui.theme.fonts import READING, SEMIBOLD, font
from octavo.gui.theme.tokens import colour

LINE_HEIGHT = 140
PLAIN, PARTING, DOTTED = "plain", "parting", "dotted"


@dataclass(frozen=True)
class Stretch:
    """A piece of text; ``look`` is ``plain``, ``parting`` or ``dotted``."""

    text: str
    look: str = PLAIN
    tip: str = ""


class MarkedText(QTextBrowser):
    """Text that grows while it comes and is marked when it is complete."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._stretches: list[Stretch] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(font(READING))
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setAccessibleName(name)
        self.setPlaceholderText("The answer comes here.")
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)

    def loadResource(self, kind: int, name: QUrl | str) -> str:
        """Nothing: no picture, no file, no host."""
        return ""

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(each.text for each in self._stretches)

    @property
    def stretches(self) -> list[Stretch]:
        """What is shown, with its marks."""
        return list(self._stretches)

    def show_stretches(self, stretches: Sequence[Stretch]) -> None:
        """Show these in place of what was there; the view stays where it was."""
        place = self.verticalScrollBar().value()
        self._stretches = [each for each in stretches if each.text]
        self.clear()
        for each in self._stretches:
            self._write(each)
        self.verticalScrollBar().setValue(place)

    def grow(self, text: str) -> None:
        """Add plain text; the end stays in view for a reader who is there."""
        bar = self.verticalScrollBar()
        is_at_end = bar.value() >= bar.maximum()
        self._stretches.append(Stretch(text))
        self._write(self._stretches[-1])
        if is_at_end:
            bar.setValue(bar.maximum())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.show_stretches(self._stretches)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            tip = self.cursorForPosition(event.pos()).charFormat().toolTip()
            QToolTip.showText(event.globalPos(), tip, self) if tip else QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def _write(self, stretch: Stretch) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        shape = QTextBlockFormat()
        shape.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.setBlockFormat(shape)
        cursor.insertText(stretch.text, _look(stretch))


def _look(stretch: Stretch) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(colour("text"))
    if stretch.look == PARTING:
        made.setForeground(colour("accent_ink"))
        made.setBackground(colour("accent_soft"))
        made.setFontWeight(SEMIBOLD)
        made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
    elif stretch.look == DOTTED:
        made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        made.setUnderlineColor(colour("accent"))
        made.setFontWeight(QFont.Weight.Normal)
    made.setToolTip(stretch.tip)
    return made
