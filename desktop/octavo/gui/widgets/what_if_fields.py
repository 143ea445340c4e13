"""Another size of memory to imagine, and the way back."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSpinBox, QWidget

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.number_field import grid, whole

MOST_GB, MOST_CARDS = 4096, 16
GB = 10**9
AS_IT_IS = "as it is"


class WhatIfFields(QWidget):
    """Sizes in GB, and how many cards; ``changed`` tells that one of them has another value."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._ram = whole("Memory in GB", 0, MOST_GB, AS_IT_IS)
        self._vram = whole("Graphics memory in GB", 0, MOST_GB, AS_IT_IS)
        self._cards = whole("Cards of that size", 1, MOST_CARDS, "1")
        self._back = Button("Back to this computer", "link", height=24, size=SMALL)
        head = row(Label("What if it had…", SMALL, tone="text2"), None, self._back)
        self.setLayout(column(head, grid([self._ram, self._vram, self._cards]), gap=6))
        for each in (self._ram, self._vram, self._cards):
            each.setKeyboardTracking(False)
            each.valueChanged.connect(self._tell)
        self._back.clicked.connect(self.go_back)
        self._back.hide()
        self._cards.setEnabled(False)

    @property
    def ram_bytes(self) -> int:
        """0 means: as it is."""
        return GB * self._ram.value()

    @property
    def vram_bytes(self) -> int:
        """0 means: as it is."""
        return GB * self._vram.value()

    @property
    def n_cards(self) -> int:
        """Graphics cards of that size."""
        return self._cards.value()

    @property
    def is_simulated(self) -> bool:
        """Whether anything is imagined."""
        return bool(self.ram_bytes or self.vram_bytes)

    def go_back(self) -> None:
        """Take this computer as it is."""
        changed = self.is_simulated
        for each in (self._ram, self._vram):
            _set_quietly(each, 0)
        _set_quietly(self._cards, 1)
        if changed:
            self._tell()

    def _tell(self) -> None:
        self._back.setVisible(self.is_simulated)
        self._cards.setEnabled(bool(self.vram_bytes))
        self.changed.emit()


def _set_quietly(field: QSpinBox, value: int) -> None:
    field.blockSignals(True)
    field.setValue(value)
    field.blockSignals(False)
