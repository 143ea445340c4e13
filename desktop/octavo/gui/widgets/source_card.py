"""The model that a page is about, and the way to another one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu

from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Tile, column
from octavo.gui.widgets.label import Label


class ModelMenu(QMenu):
    """The models to choose from, and a way to open another one."""

    chosen = Signal(str)
    open_asked = Signal()

    def show_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """List ``choices``, pairs of path and name."""
        self.clear()
        for path, name in choices:
            # An ampersand would become a keyboard mark.
            action = self.addAction(name.replace("&", "&&"))
            action.setToolTip(path)
            action.triggered.connect(partial(self.chosen.emit, path))
        if choices:
            self.addSeparator()
        self.addAction("Open file…").triggered.connect(self.open_asked)


class SourceCard(Card):
    """Name and kind of the source, with a button to change it."""

    chosen = Signal(str)
    change_asked = Signal()

    def __init__(self) -> None:
        super().__init__(padding=14, gap=12, across=True)
        self._tile = Tile("box")
        self._name = Label("", READING, SEMIBOLD, elide=True)
        self._about = Label("", SMALL, tone="text2", elide=True)
        self._menu = ModelMenu(self)
        change = Button("Change", name="Change the source")
        change.setMenu(self._menu)
        self.body.addWidget(self._tile)
        self.body.addLayout(column(self._name, self._about, gap=3), 1)
        self.body.addWidget(change)
        self._menu.chosen.connect(self.chosen)
        self._menu.open_asked.connect(self.change_asked)

    def show_source(self, name: str, about: str, icon_name: str) -> None:
        """Show the source."""
        self._name.show_text(name)
        self._about.show_text(about)
        self._tile.show_icon(icon_name)

    def show_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer these models, pairs of path and name."""
        self._menu.show_choices(choices)
