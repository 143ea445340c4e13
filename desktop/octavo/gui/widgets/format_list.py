"""The formats to choose from, one below the other."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from octavo.gui.widgets.format_row import FormatRow


class FormatList(QWidget):
    """A column of formats of which one is chosen."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._tell)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self.rows: dict[str, FormatRow] = {}

    @property
    def name(self) -> str:
        """The name of the chosen format; empty where there is none."""
        return next((name for name, shown in self.rows.items() if shown.isChecked()), "")

    def show_formats(self, formats: Sequence[tuple[str, str, str]]) -> None:
        """Show formats, each a name, a summary and a tag; the chosen one stays so, else the first is."""
        before = self.name
        for old in self.rows.values():
            self._group.removeButton(old)
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.rows = {name: FormatRow(name, summary, tag) for name, summary, tag in formats}
        for shown in self.rows.values():
            self._group.addButton(shown)
            self._column.addWidget(shown)
        first = self.rows.get(before) or next(iter(self.rows.values()), None)
        if first is not None:
            first.setChecked(True)

    def _tell(self) -> None:
        self.chosen.emit()
