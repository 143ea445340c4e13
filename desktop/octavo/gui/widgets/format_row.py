"""One quantizer as a choice: what it is, and what its file would be."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from octavo.gui.theme.fonts import BODY, READING, SEMIBOLD, SMALL, TINY
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.choice_card import ChoiceCard, RadioMark
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.pill import Pill

FIGURE_MINIMUM, FIGURE_WIDTH = 58, 84
MINIMUM_WIDTH, TAG_WIDTH = 344, 470


class Figure(QWidget):
    """A value above its name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setMinimumWidth(FIGURE_MINIMUM)
        self.setMaximumWidth(FIGURE_WIDTH)
        self._value = Label("—", BODY, SEMIBOLD)
        self.setLayout(column(self._value, Label(name, TINY, tone="text3"), gap=1))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def show_value(self, text: str, tone: str = "text") -> None:
        """Show a value."""
        self._value.show_text(text)
        self._value.show_tone(tone)


class FormatRow(ChoiceCard):
    """A quantizer with size, memory and speed."""

    def __init__(self, name: str, summary: str, tag: str) -> None:
        super().__init__(gap=12)
        self.name = name
        mark = RadioMark()
        self._tag = Pill(tag)
        self._tag.hide()
        self._size, self._memory, self._speed = Figure("size"), Figure("memory"), Figure("speed")
        head = row(Label(name, READING, SEMIBOLD), self._tag, None)
        self._about = Label(summary, SMALL, tone="text2", elide=True)
        self._summary = summary
        self.body.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(column(head, self._about), 1)
        for each in (self._size, self._memory, self._speed):
            self.body.addWidget(each)
        self.setAccessibleName(name)
        self.setAccessibleDescription(summary)
        self.toggled.connect(mark.show_on)
        self.toggled.connect(self._tint)

    def show_figures(self, size: str, memory: str, speed: str) -> None:
        """Show what the result would be like."""
        self._about.show_text(self._summary)
        self._about.show_tone("text2")
        self._size.show_value(size)
        self._memory.show_value(memory)
        self._speed.show_value(speed)
        self.setEnabled(True)
        self.setAccessibleDescription(f"{self._summary} Size {size}, memory {memory}, speed {speed}.")

    def show_problem(self, sentence: str) -> None:
        """Say why this format cannot be had."""
        for each in (self._size, self._memory, self._speed):
            each.show_value("—", "text3")
        self._about.show_text(sentence)
        self._about.show_tone("danger")
        self.setAccessibleDescription(sentence)
        self.setEnabled(False)

    def minimumSizeHint(self) -> QSize:
        return QSize(MINIMUM_WIDTH, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where there is little room, the figures matter more than the tag.
        self._tag.setVisible(bool(self._tag.text()) and event.size().width() >= TAG_WIDTH)

    def _tint(self, is_on: bool) -> None:
        self._tag.show_tone("accent_ink" if is_on else "text2")
