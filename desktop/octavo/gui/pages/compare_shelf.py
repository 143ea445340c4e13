"""Earlier comparisons of the two models on view, and the votes on them; a disk that fails takes no answer away."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from octavo.engine.errors import OctavoError
from octavo.engine.measure.comparison import Comparison
from octavo.engine.measure.tally import Tally
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.store.comparisons import Comparisons, Kept

MOST_EARLIER = 20
MENU_CHARACTERS = 60


class CompareShelf(QObject):
    """What is kept; ``button`` opens the list of it."""

    chosen = Signal(Kept)

    def __init__(self, store: Comparisons, button: Button, problem: ProblemCard) -> None:
        super().__init__(button)
        self._store, self._button, self._problem = store, button, problem
        self._paths = ("", "")
        self.menu = QMenu(button)
        button.setMenu(self.menu)
        button.setEnabled(False)
        self.menu.aboutToShow.connect(self._fill)
        if store.problem:
            problem.show_problem(store.problem)

    def turn_to(self, first: str, second: str) -> Kept | None:
        """Be about these two; what they said last."""
        self._paths = (first, second)
        kept = self._newest(1)
        self._button.setEnabled(bool(kept))
        return kept[0] if kept else None

    def allow(self, is_allowed: bool) -> None:
        """Let earlier ones be looked at, if there are any."""
        self._button.setEnabled(is_allowed and bool(self._newest(1)))

    def keep(self, found: Comparison) -> int:
        """Write a comparison down; its number, 0 where that failed."""
        try:
            return self._store.keep(found)
        except (OctavoError, OSError) as error:  # what was said is worth more than the note of it
            self._problem.show_problem(str(error))
            return 0

    def vote(self, number: int, vote: str) -> bool:
        """Write a vote down; whether that went well, or there was nothing to vote on."""
        try:
            if number:
                self._store.vote(number, vote)
        except OctavoError as error:
            self._problem.show_problem(error.message, error.hint)
            return False
        return True

    def tally(self, found: Comparison) -> Tally:
        """All votes between these two models."""
        try:
            return self._store.tally(Path(found.first.model), Path(found.second.model))
        except (OctavoError, OSError):  # what was said is there all the same
            return Tally()

    def _newest(self, most: int) -> list[Kept]:
        if not all(self._paths):
            return []
        try:
            return self._store.of(Path(self._paths[0]), Path(self._paths[1]), most)
        except (OctavoError, OSError) as error:  # the disk, or a model's folder
            self._problem.show_problem(str(error))
            return []

    def _fill(self) -> None:
        self.menu.clear()
        for each in self._newest(MOST_EARLIER):
            prompt = " ".join(each.comparison.prompt.split())
            shown = prompt if len(prompt) <= MENU_CHARACTERS else prompt[:MENU_CHARACTERS] + "…"
            self.menu.addAction(shown.replace("&", "&&")).triggered.connect(partial(self.chosen.emit, each))
