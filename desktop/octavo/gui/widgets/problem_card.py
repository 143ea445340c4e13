"""What went wrong, in a sentence, with the next steps as buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL, TINY, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon, column, row
from octavo.gui.widgets.label import Label

DETAILS_HEIGHT = 120


class ProblemCard(Card):
    """A red card; ``primary`` and ``secondary`` are its buttons, hidden while they have no text.

    With ``is_calm`` nothing is wrong: it only asks what is to be done, and presses for nothing.
    """

    def __init__(self, *, is_calm: bool = False) -> None:
        super().__init__(kind="plain" if is_calm else "danger", padding=14, gap=12, across=True)
        self._title = Label("", READING, SEMIBOLD, wrap=True)
        self._sentence = Label("", SMALL, tone="text2", wrap=True)
        self.primary = Button("", "secondary" if is_calm else "primary", height=32, size=SMALL)
        self.secondary = Button("", "secondary", height=32, size=SMALL)
        self._show_details = Button("Details", "ghost", height=32, size=SMALL)
        self.close_button = Button("", "ghost", "x", name="Dismiss", height=28)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFont(font(TINY, code=True))
        self._details.setFixedHeight(DETAILS_HEIGHT)
        self._details.setAccessibleName("Details of the problem")
        self._details.hide()
        self._buttons = QWidget()
        self._buttons.setProperty("plain", True)
        self._buttons.setLayout(
            row(self.primary, self.secondary, self._show_details, None, gap=8, margins=(0, 6, 0, 0))
        )
        top = Qt.AlignmentFlag.AlignTop
        self.body.addWidget(
            Icon("info" if is_calm else "circle-alert", "accent" if is_calm else "danger", 20), 0, top
        )
        self.body.addLayout(column(self._title, self._sentence, self._buttons, self._details, None, gap=4), 1)
        self.body.addWidget(self.close_button, 0, top)
        self.close_button.clicked.connect(self.hide)
        self._show_details.clicked.connect(self._toggle_details)
        self.hide()

    def show_problem(
        self, title: str, sentence: str = "", *, primary: str = "", secondary: str = "", details: str = ""
    ) -> None:
        """Show a problem; buttons without a text stay hidden."""
        self._title.show_text(title)
        self._sentence.show_text(sentence)
        self._sentence.setVisible(bool(sentence))
        for button, text in ((self.primary, primary), (self.secondary, secondary)):
            button.show_text(text)
            button.setVisible(bool(text))
        self._show_details.setVisible(bool(details.strip()))
        self._buttons.setVisible(bool(primary or secondary or details.strip()))
        self._details.setPlainText(details.strip())
        self._details.hide()
        self.setAccessibleName(f"{title} {sentence}".strip())
        self.show()

    @property
    def text(self) -> str:
        """What the card says."""
        return f"{self._title.text()} {self._sentence.text()}".strip()

    def _toggle_details(self) -> None:
        self._details.setVisible(self._details.isHidden())
