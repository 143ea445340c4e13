"""One model in the list: name, size, kind, and whether it fits."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent

from octavo.gui.theme.fonts import MEDIUM, READING, SEMIBOLD, SMALL, TINY
from octavo.gui.widgets.card import Tile, column, row
from octavo.gui.widgets.choice_card import ChoiceCard
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.pill import Pill, VerdictPill

# In a narrower row there is no room to say who keeps the model.
KEEPER_FROM = 430


class ModelRow(ChoiceCard):
    """A model's card in the list."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self._icon_name = "box"
        self._tile = Tile("box")
        self._name = Label("", READING, SEMIBOLD, elide=True)
        self._about = Label("", SMALL, tone="text2", elide=True)
        self._container, self._type, self._verdict = Pill(), Pill(), VerdictPill()
        self._copy, self._keeper = Pill("Copy", "warn"), Label("", TINY, tone="text3", elide=True)
        self._copy.hide()
        self._size, self._speed = Label("", SMALL, MEDIUM), Label("", SMALL, tone="text2")
        self._dot = Label("·", SMALL, tone="text3")
        pills = row(self._container, self._type, self._copy, gap=6, margins=(0, 4, 0, 0))
        pills.addWidget(self._keeper, 1)
        self.body.addWidget(self._tile)
        self.body.addLayout(column(self._name, self._about, pills, gap=3), 1)
        figures = row(None, self._size, self._dot, self._speed, gap=6)
        right = column(row(None, self._verdict), None, figures)
        self.body.addLayout(right)
        self.show_fit("", "", "")
        self.toggled.connect(self._tint)

    def show_model(
        self, name: str, about: str, icon_name: str, container: str, type_name: str, size: str
    ) -> None:
        """Show what a model is."""
        self._name.show_text(name)
        self._about.show_text(about)
        for pill, text in ((self._container, container), (self._type, type_name)):
            pill.show_text(text)
            pill.setVisible(bool(text))
        self._size.show_text(size)
        self._icon_name = icon_name
        self._tint()
        self.setAccessibleName(f"{name}, {container} {type_name}, {size}. {about}")

    def show_source(self, keeper: str, original: str) -> None:
        """Show who keeps the model, and of which it is a copy, if of any."""
        self._keeper.show_text(keeper)
        self._copy.setVisible(bool(original))
        self._copy.setToolTip(f"The same file as {original}" if original else "")
        told = (self.accessibleName(), keeper, f"the same file as {original}" if original else "")
        self.setAccessibleName(". ".join(each for each in told if each))

    def show_problem(self, problem: str) -> None:
        """Grey the model out and show why it cannot be used; an empty text means that it can."""
        self._name.show_tone("text3" if problem else "text")
        self._about.show_tone("danger" if problem else "text2")
        if not problem:
            return
        self._about.show_text(problem)
        self._icon_name = "triangle-alert"
        self._tint()
        self.show_fit("", "", "")
        self.setAccessibleDescription(problem)

    def show_fit(self, verdict: str, sentence: str, speed: str) -> None:
        """Show whether it fits this computer, and how fast it would be."""
        self._verdict.show_verdict(verdict)
        self._verdict.setToolTip(sentence)
        self._speed.show_text(speed)
        for each in (self._dot, self._speed):
            each.setVisible(bool(speed))
        self.setAccessibleDescription(f"{verdict}. {sentence}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keeper.setVisible(event.size().width() >= KEEPER_FROM)

    def _tint(self) -> None:
        tone = "danger" if self._icon_name == "triangle-alert" else ("accent" if self.isChecked() else "")
        self._tile.show_icon(self._icon_name, tone)

    def matches(self, words: str) -> bool:
        """Whether the model is among those that ``words`` look for."""
        shown = " ".join(
            each.text() for each in (self._name, self._about, self._container, self._type, self._keeper)
        )
        return all(word in f"{shown} {self.path}".lower() for word in words.lower().split())
