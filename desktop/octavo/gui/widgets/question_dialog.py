"""A question before something that cannot be taken back, with two answers."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QWidget

from octavo.gui.theme.fonts import READING, SEMIBOLD
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label

WIDTH = 440


class QuestionDialog(QDialog):
    """``accepted`` means to go on with it, ``rejected`` to leave things as they are, which Enter and Esc do."""

    def __init__(self, parent: QWidget, title: str, sentence: str, *, leave: str, go_on: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        self.leave, self.go_on = Button(leave, "primary"), Button(go_on, "danger")
        parts = column(gap=12, margins=(24, 20, 24, 20))
        parts.addWidget(Label(title, READING, SEMIBOLD))
        parts.addWidget(Label(sentence, tone="text2", wrap=True))
        parts.addSpacing(4)
        parts.addLayout(row(None, self.go_on, self.leave))
        self.setLayout(parts)
        self.leave.setDefault(True)
        self.go_on.setAutoDefault(False)
        self.leave.setFocus()
        self.leave.clicked.connect(self.reject)
        self.go_on.clicked.connect(self.accept)
