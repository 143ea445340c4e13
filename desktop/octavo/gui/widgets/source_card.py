"""The model that a page is about, and the way to another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Tile, column
from octavo.gui.widgets.label import Label


class ModelMenu(QMenu):
    """The models to choose from, and a way to open another one; made when it opens."""

    chosen = Signal(str)
    open_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices: list[tuple[str, str]] = []
        self.aboutToShow.connect(self._fill)

    def show_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """List ``choices``, pairs of path and name."""
        self._choices = list(choices)

    def _fill(self) -> None:
        self.clear()
        times = Counter(name for _, name in self._choices)
        for path, name in self._choices:
            shown = name if times[name] == 1 else f"{name} · {Path(path).name}"
            # An ampersand would become a keyboard mark.
            action = self.addAction(shown.replace("&", "&&"))
            action.setToolTip(path)
            action.triggered.connect(partial(self.chosen.emit, path))
        if self._choices:
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
