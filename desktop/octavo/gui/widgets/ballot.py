"""The vote on two answers whose models are hidden, and what all votes say together."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from octavo.gui.theme.fonts import BODY, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import row
from octavo.gui.widgets.label import Label

LEFT, RIGHT, TIE = "left", "right", "tie"
_CHOICES = (
    (LEFT, "Left is better", "Alt+Left"),
    (TIE, "Tie", "Alt+Down"),
    (RIGHT, "Right is better", "Alt+Right"),
)


class Ballot(QWidget):
    """Three buttons; ``voted`` carries ``left``, ``tie`` or ``right``."""

    voted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._question = Label("Which answer is better?", BODY, SEMIBOLD)
        self.buttons: dict[str, Button] = {}
        layout = row(self._question, None)
        for key, text, keys in _CHOICES:
            button = Button(text, "secondary", height=32, size=SMALL)
            button.setToolTip(f"{text} ({keys})")
            button.clicked.connect(partial(self.voted.emit, key))
            QShortcut(QKeySequence(keys), self).activated.connect(button.click)
            self.buttons[key] = button
            layout.addWidget(button)
        self.setLayout(layout)
        self.hide()
