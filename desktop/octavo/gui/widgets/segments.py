"""A row of joined buttons of which one is on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card


class Segments(Card):
    """A choice among a few values; ``chosen`` carries the value."""

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[tuple[str, str]], value: str) -> None:
        super().__init__(kind="quiet", padding=2, gap=2, across=True)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, Button] = {}
        for key, text in choices:
            button = Button(text, "segment", height=28, size=SMALL, name=f"{name}: {text}")
            button.setCheckable(True)
            self._group.addButton(button)
            self._buttons[key] = button
            self.body.addWidget(button, 1)
        self.choose(value)
        self._group.buttonClicked.connect(self._tell)

    def choose(self, value: str) -> None:
        """Switch to ``value`` without telling anyone."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)

    @property
    def value(self) -> str:
        """The value that is on."""
        return next((key for key, button in self._buttons.items() if button.isChecked()), "")

    def _tell(self) -> None:
        self.chosen.emit(self.value)
