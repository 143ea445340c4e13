"""One quantizer as a choice: what it is, what its file would be, and how close it stays to the source."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from octavo.gui.theme.fonts import BODY, READING, SEMIBOLD, SMALL, TINY
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.check_mark import CheckMark
from octavo.gui.widgets.choice_card import ChoiceCard
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.pill import Pill

FIGURE_WIDTH, SPEED_WIDTH, QUALITY_WIDTH = 58, 68, 94
MINIMUM_WIDTH, MEMORY_FROM, SPEED_FROM, TAG_FROM = 324, 400, 480, 560


class Figure(QWidget):
    """A value above its name."""

    def __init__(self, name: str, width: int = FIGURE_WIDTH) -> None:
        super().__init__()
        self.setFixedWidth(width)
        self._value = Label("—", BODY, SEMIBOLD)
        self._name = Label(name, TINY, tone="text3")
        self.setLayout(column(self._value, self._name, None, gap=1))

    def show_value(self, text: str, tone: str = "text", name: str = "") -> None:
        """Show a value, under another name where one is given."""
        self._value.show_text(text)
        self._value.show_tone(tone)
        if name:
            self._name.show_text(name)


class FormatRow(ChoiceCard):
    """A quantizer with size, memory, speed and measured quality.

    The one on view is checked; ``mark`` says which ones are to be made, and is a control of its own.
    """

    marked = Signal(str, bool)

    def __init__(self, name: str, summary: str, tag: str) -> None:
        super().__init__(padding=10, gap=12)
        self.name = name
        self.mark = CheckMark(f"Convert to {name}")
        self._tag = Pill(tag)
        self._tag.hide()
        self._size, self._memory = Figure("size"), Figure("memory")
        self._speed, self._quality = Figure("speed", SPEED_WIDTH), Figure("agreement", QUALITY_WIDTH)
        head = row(Label(name, READING, SEMIBOLD), self._tag, None)
        self._about = Label(summary, SMALL, tone="text2", wrap=True)
        self._summary = summary
        self._said = ["", "", "", ""]
        self._has_quality = False
        self.body.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(column(head, self._about, None, gap=2), 1)
        for each in (self._size, self._memory, self._speed, self._quality):
            self.body.addWidget(each)
        self.setAccessibleName(name)
        self._describe()
        self.toggled.connect(self._tint)
        self.mark.clicked.connect(self._tell_mark)

    def show_figures(self, size: str, memory: str, speed: str) -> None:
        """Show what the result would be like."""
        self._about.show_text(self._summary)
        self._about.show_tone("text2")
        self._size.show_value(size)
        self._memory.show_value(memory)
        self._speed.show_value(speed)
        self.setEnabled(True)
        self._said[:3] = size, memory, speed
        self._describe()

    def show_quality(self, figure: str, name: str, *, is_final: bool) -> None:
        """Show the measured difference from the source, or how far its measurement is."""
        self._quality.show_value(figure or "—", "text" if is_final else "text3", name)
        self._said[3] = f"{figure} {name}" if figure else ""
        self._describe()

    def show_quality_column(self, is_shown: bool) -> None:
        """Keep a column for measured quality; until anything is measured, the summary has its room."""
        self._has_quality = is_shown
        self._arrange(self.width())

    def show_problem(self, sentence: str) -> None:
        """Say why this format cannot be had."""
        for each in (self._size, self._memory, self._speed, self._quality):
            each.show_value("—", "text3")
        self._about.show_text(sentence)
        self._about.show_tone("danger")
        self.setAccessibleDescription(sentence)
        self.setEnabled(False)

    def minimumSizeHint(self) -> QSize:
        return QSize(MINIMUM_WIDTH, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(event.size().width())

    def _arrange(self, width: int) -> None:
        """Where there is little room, size and quality matter most."""
        self._quality.setVisible(self._has_quality)
        self._tag.setVisible(bool(self._tag.text()) and width >= TAG_FROM)
        self._speed.setVisible(width >= SPEED_FROM)
        self._memory.setVisible(width >= MEMORY_FROM)

    def _describe(self) -> None:
        size, memory, speed, quality = self._said
        figures = f" Size {size}, memory {memory}, speed {speed}." if size else ""
        measured = f" Measured: {quality}." if quality else ""
        self.setAccessibleDescription(f"{self._summary}{figures}{measured}")

    def _tint(self, is_on: bool) -> None:
        self._tag.show_tone("accent_ink" if is_on else "text2")

    def _tell_mark(self, is_on: bool) -> None:
        self.marked.emit(self.name, is_on)
