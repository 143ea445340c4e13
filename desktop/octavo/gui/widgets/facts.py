"""Names on the left, values on the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from octavo.gui.theme.fonts import MEDIUM, SMALL
from octavo.gui.widgets.label import Label


class Facts(QWidget):
    """A short table of facts."""

    def __init__(self, gap: int = 12) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(gap)
        self._grid.setColumnStretch(1, 1)
        self._labels: list[tuple[Label, Label]] = []

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show these pairs of name and value."""
        while len(self._labels) < len(facts):
            name, value = Label("", SMALL, tone="text2"), Label("", SMALL, MEDIUM, elide=True)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            line = len(self._labels)
            self._grid.addWidget(name, line, 0)
            self._grid.addWidget(value, line, 1)
            self._labels.append((name, value))
        for line, labels in enumerate(self._labels):
            for label, text in zip(labels, facts[line] if line < len(facts) else ("", ""), strict=True):
                label.show_text(text)
                label.setVisible(line < len(facts))
