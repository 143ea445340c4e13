"""The options of the format on view, folded until they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal

from octavo.gui.markdown.clean_text import clean
from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.options_form import OptionsForm, words


class FormatSettings(Card):
    """A line that says what was chosen, and the form below it."""

    changed = Signal()
    types_asked = Signal()

    def __init__(self) -> None:
        super().__init__(padding=12, gap=10)
        self.form = OptionsForm()
        self._title = Label("", SMALL, SEMIBOLD, "text2")
        self._said = Label("", SMALL, tone="text3", elide=True)
        self.fold = Button("Change", "link", height=24, size=SMALL)
        self.types = Button("Single tensors…", "link", height=24, size=SMALL)
        head = row(self._title, gap=10)
        head.addWidget(self._said, 1)
        head.addWidget(self.types)
        head.addWidget(self.fold)
        self.body.addLayout(head)
        self.body.addWidget(self.form)
        self._is_open = False
        self.form.changed.connect(self.changed)
        self.form.types_asked.connect(self.types_asked)
        self.types.clicked.connect(self.types_asked)
        self.fold.clicked.connect(self._toggle)

    def show_options(self, name: str, options: type | None, chosen: Any, *, has_rules: bool) -> None:
        """Show the options of the format ``name``; ``chosen`` is an instance of them, or None."""
        self._title.show_text(f"Options of {name}")
        self.form.show_options(options, chosen)
        self.types.setVisible(has_rules)
        self.setVisible(options is not None)
        self._show_fold()

    def show_changes(self, changes: Mapping[str, Any]) -> None:  # values of any option's own type
        """Say which options are not as usual."""
        told = [f"{words(name).lower()} {clean(str(value))}" for name, value in changes.items()]
        self._said.show_text(", ".join(told) or "as usual")

    def _toggle(self) -> None:
        self._is_open = not self._is_open
        self._show_fold()

    def _show_fold(self) -> None:
        self.form.setVisible(self._is_open)
        self.fold.show_text("Hide" if self._is_open else "Change")
