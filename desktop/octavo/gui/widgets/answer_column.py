"""One of two answers that are compared: whose it is, what it says, what it took."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal

from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Line, Tile, column, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.marked_text import MarkedText, Stretch
from octavo.gui.widgets.source_card import ModelMenu


class AnswerColumn(Card):
    """A card for one answer; ``side`` is ``left`` or ``right``."""

    chosen = Signal(str)
    file_asked = Signal()

    def __init__(self, side: str) -> None:
        super().__init__(padding=14, gap=10)
        self._tile = Tile("box", side=34, icon_pixels=18)
        self._name = Label("", READING, SEMIBOLD, elide=True)
        self._about = Label("", SMALL, tone="text2", elide=True)
        self._menu = ModelMenu(self)
        self.change = Button("Change", height=30, size=SMALL, name=f"Change the model on the {side}")
        self.change.setMenu(self._menu)
        self.text = MarkedText(f"Answer on the {side}")
        self._figures = Label("", SMALL, tone="text3", elide=True)
        head = row(self._tile, gap=10)
        head.addLayout(column(self._name, self._about, gap=2), 1)
        head.addWidget(self.change)
        self.body.addLayout(head)
        self.body.addWidget(Line())
        self.body.addWidget(self.text, 1)
        self.body.addWidget(self._figures)
        self._menu.chosen.connect(self.chosen)
        self._menu.open_asked.connect(self.file_asked)

    def show_model(self, name: str, about: str, icon_name: str) -> None:
        """Show whose answer it is."""
        self._name.show_text(name)
        self._about.show_text(about)
        self._tile.show_icon(icon_name)

    def show_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer these models, pairs of path and name."""
        self._menu.show_choices(choices)

    def begin(self) -> None:
        """Make room for an answer."""
        self.text.show_stretches([])
        self.show_figures("")

    def show_answer(self, stretches: Sequence[Stretch]) -> None:
        """Show the whole answer with its marks."""
        self.text.show_stretches(stretches)

    def show_figures(self, text: str) -> None:
        """Say at the foot what is going on, or what the answer took."""
        self._figures.show_text(text)

    @property
    def figures(self) -> str:
        """What stands at the foot."""
        return self._figures.text()
