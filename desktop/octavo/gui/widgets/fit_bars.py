"""Every way to run a model as a bar, one below the other, on the same scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from octavo.gui.widgets.fit_line import FitLine
from octavo.gui.widgets.memory_bar import Part


@dataclass(frozen=True)
class FitBar:
    """What one bar shows; ``total`` and ``speed`` are texts, ``sentence`` says why the verdict is what it is."""

    name: str
    parts: tuple[Part, ...]
    total: str
    verdict: str
    sentence: str
    speed: str = ""


class FitBars(QWidget):
    """Bars of which one is chosen."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[str, FitLine] = {}
        self._spare: dict[str, FitLine] = {}
        self._group = QButtonGroup(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._group.buttonClicked.connect(self._tell)

    @property
    def name(self) -> str:
        """The name of the chosen bar; empty where there is none."""
        return next((name for name, line in self._lines.items() if line.isChecked()), "")

    def follow(self, before: QWidget) -> None:
        """Let the Tab key come here after ``before``: lines are made later than what stands below them."""
        for line in self._lines.values():
            QWidget.setTabOrder(before, line)
            before = line

    def show_bars(self, bars: Sequence[FitBar], whole_bytes: int, free_bytes: int) -> None:
        """Show ``bars`` as long as ``whole_bytes`` with a mark at ``free_bytes``."""
        names = [each.name for each in bars]
        if names != list(self._lines):
            self._rebuild(names)
        for each in bars:
            self._lines[each.name].show_fit(
                each.parts, whole_bytes, free_bytes, each.total, each.verdict, each.sentence, each.speed
            )

    def prepare(self, name: str) -> None:
        """Make a line that will be wanted, before it is."""
        if name not in self._lines and name not in self._spare:
            made = self._spare[name] = FitLine(name)
            made.setParent(self)
            made.hide()

    def choose(self, name: str) -> None:
        """Choose the bar of that name, if there is one; nobody is told."""
        if name in self._lines:
            self._lines[name].setChecked(True)

    def _rebuild(self, names: Sequence[str]) -> None:
        before = self.name
        known, self._lines = self._lines, {}
        for name in names:
            line = known.pop(name, None) or self._spare.pop(name, None) or FitLine(name)
            self._lines[name] = line
            self._group.addButton(line)
            self._column.addWidget(line)
            line.show()
        for gone in known.values():
            self._group.removeButton(gone)
            self._column.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        first = self._lines.get(before) or next(iter(self._lines.values()), None)
        if first is not None:
            first.setChecked(True)

    def _tell(self) -> None:
        self.chosen.emit()
