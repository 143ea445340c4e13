"""What stands where a chat has no messages yet: what to do, and questions to begin with."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.theme.fonts import BODY, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Tile, row
from octavo.gui.widgets.label import Label

EXAMPLES = (
    "Explain in three sentences how a rainbow forms.",
    "Write a short, polite e-mail that moves a meeting to Thursday.",
    "Write a Python function that counts the words of a text file.",
)
WIDTH = 460


class EmptyChat(QWidget):
    """The invitation; ``example_chosen`` carries a question to be written."""

    example_chosen = Signal(str)
    model_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        centre = Qt.AlignmentFlag.AlignHCenter
        self._title = Label("", 20, SEMIBOLD)
        self._words = Label("", BODY, tone="text2")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.choose = Button("Choose a model", "primary", height=38)
        self._hint = Label("Or write one of these:", SMALL, tone="text3")
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addStretch(2)
        layout.addWidget(Tile("message-square", 56, 26, "large"), 0, centre)
        layout.addSpacing(6)
        layout.addWidget(self._title, 0, centre)
        layout.addWidget(self._words, 0, centre)
        layout.addSpacing(6)
        layout.addLayout(row(None, self.choose, None))
        layout.addWidget(self._hint, 0, centre)
        self.examples = []
        for text in EXAMPLES:
            button = Button(text, "secondary", height=36)
            button.setFixedWidth(WIDTH)
            button.clicked.connect(partial(self.example_chosen.emit, text))
            layout.addWidget(button, 0, centre)
            self.examples.append(button)
        layout.addStretch(3)
        self.choose.clicked.connect(self.model_asked)
        self.show_model("")

    def show_model(self, name: str) -> None:
        """Say what to do: choose a model while there is no ``name``, else ask it something."""
        self._title.show_text(f"Chat with {name}" if name else "Chat with a model")
        self._words.show_text(
            "Questions and answers stay on this computer. They are saved as you go."
            if name
            else "Choose one that you have, or open a file.\nQuestions and answers stay on this computer."
        )
        self.choose.setVisible(not name)
        self._hint.setVisible(bool(name))
        for button in self.examples:
            button.setVisible(bool(name))
