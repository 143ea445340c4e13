"""The list of models, and beneath it the place where more can be dropped."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.pages.model_rows import ModelRows
from octavo.gui.widgets.drop_zone import DropZone
from octavo.gui.widgets.model_view import ModelView
from octavo.gui.workspace import Workspace

# Of the free memory: what it changes by from second to second changes no verdict.
NOTICEABLE_SHARE = 0.01


class ModelList(QWidget):
    """Rows of which one is chosen; what lies behind ``drop`` can be dropped."""

    chosen = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.setProperty("plain", True)
        self._workspace = workspace
        self._priced_for, self._priced_at = 0, 0.0
        self.rows = ModelRows(workspace)
        self.view = ModelView(self.rows)
        self.drop = DropZone()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view)
        column.addWidget(self.drop)
        column.addStretch(1)
        self.view.chosen.connect(self.chosen)

    def show_models(self) -> None:
        """Have a row for each model of the workspace, in its order."""
        self.rows.show_models()
        self._keep_chosen()

    def show_model(self, path: str) -> None:
        """Show what is known of a model."""
        self.rows.show_model(path)
        self._keep_chosen()

    def show_prices(self) -> None:
        """Price all rows anew."""
        self._priced_for, self._priced_at = self._workspace.ram.free_bytes, self._workspace.bandwidth
        self.rows.show_prices()

    def follow_memory(self) -> None:
        """Price all rows anew once clearly more or less memory is free, or its speed is known."""
        free, bandwidth = self._workspace.ram.free_bytes, self._workspace.bandwidth
        if abs(free - self._priced_for) > NOTICEABLE_SHARE * free or bandwidth != self._priced_at:
            self.show_prices()

    def choose(self, path: str) -> None:
        """Light up the row of a model, and bring it into view."""
        self.view.choose(self.rows.place(path))

    def filter(self, words: str) -> None:
        """Show those only that ``words`` look for."""
        self.rows.filter(words)
        self._keep_chosen()

    def _keep_chosen(self) -> None:
        """Light up what is chosen again after rows were made anew; the list stays where it is."""
        place = self.rows.place(self._workspace.selected_path)
        if self.view.currentIndex() != place:
            self.view.choose(place, brings_into_view=False)
