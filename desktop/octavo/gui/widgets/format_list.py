"""The formats to choose from, one below the other; the rare ones stay folded until they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.format_row import FormatRow


@dataclass(frozen=True)
class Format:
    """A format in the list; a rare one is folded away at first."""

    name: str
    summary: str
    tag: str = ""
    is_rare: bool = False


class FormatList(QWidget):
    """A column of formats: one is on view, one or more are marked to be made.

    A click on a row puts it on view; the mark goes with it as long as only one was marked.
    """

    chosen = Signal()
    marks_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._choose)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._more = Button("", "link", height=24, size=SMALL)
        self._more.clicked.connect(self._unfold)
        self._rare: set[str] = set()
        self._is_unfolded = False
        self.rows: dict[str, FormatRow] = {}

    @property
    def name(self) -> str:
        """The name of the format on view; empty where there is none."""
        return next((name for name, shown in self.rows.items() if shown.isChecked()), "")

    @property
    def marked(self) -> list[str]:
        """The names of those that are to be made, in the order of the list."""
        return [name for name, shown in self.rows.items() if shown.mark.isChecked()]

    def show_formats(self, formats: Sequence[Format]) -> None:
        """Show formats; the one on view and the marks stay, else the first has both."""
        before, marked = self.name, self.marked
        for old in self.rows.values():
            self._group.removeButton(old)
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._column.removeWidget(self._more)
        self.rows = {each.name: FormatRow(each.name, each.summary, each.tag) for each in formats}
        self._rare = {each.name for each in formats if each.is_rare}
        for shown in self.rows.values():
            self._group.addButton(shown)
            self._column.addWidget(shown)
            shown.marked.connect(self._mark)
            shown.mark.setChecked(shown.name in marked)
        self._column.addWidget(self._more)
        first = self.rows.get(before) or next(iter(self.rows.values()), None)
        if first is not None:
            first.setChecked(True)
            first.mark.setChecked(True)
        self._fold()

    def _choose(self, row: FormatRow) -> None:
        if len(self.marked) < 2:
            for name, shown in self.rows.items():
                shown.mark.setChecked(name == row.name)
        self.chosen.emit()

    def _mark(self, name: str, is_on: bool) -> None:
        marked = self.marked
        if not marked:  # one at least: a page of conversions without any has nothing to show
            self.rows[name].mark.setChecked(True)
        elif not is_on and self.name == name:
            self.rows[marked[0]].setChecked(True)
            self.chosen.emit()
        self.marks_changed.emit()

    def _unfold(self) -> None:
        self._is_unfolded = not self._is_unfolded
        self._fold()

    def _fold(self) -> None:
        for name, shown in self.rows.items():
            is_needed = shown.isChecked() or shown.mark.isChecked()
            shown.setVisible(self._is_unfolded or is_needed or name not in self._rare)
        self._more.setVisible(bool(self._rare))
        n_rare = len(self._rare)
        more = "Show 1 more format" if n_rare == 1 else f"Show {n_rare} more formats"
        self._more.show_text("Show fewer formats" if self._is_unfolded else more)
