"""A slider for a small whole number."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSlider, QWidget

from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label


class CountSlider(QWidget):
    """Chooses a number from 1 to a maximum; a plain one has no title."""

    chosen = Signal(int)

    def __init__(self, name: str, maximum: int, value: int, *, is_plain: bool = False) -> None:
        super().__init__()
        self._maximum = maximum
        self._figure = Label("", SMALL, SEMIBOLD)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(1, max(maximum, 1))
        self._slider.setAccessibleName(name)
        self._slider.setValue(value)
        head = row(Label("" if is_plain else name, SMALL, tone="text2"), None, self._figure)
        self.setLayout(column(head, self._slider))
        self._slider.valueChanged.connect(self._tell)
        self._show_value()

    @property
    def value(self) -> int:
        """The chosen number."""
        return self._slider.value()

    def choose(self, value: int) -> None:
        """Move to ``value``."""
        self._slider.setValue(value)

    def _show_value(self) -> None:
        text = f"{self.value} of {self._maximum}"
        self._figure.show_text(text)
        self._slider.setAccessibleDescription(text)

    def _tell(self) -> None:
        self._show_value()
        self.chosen.emit(self.value)
