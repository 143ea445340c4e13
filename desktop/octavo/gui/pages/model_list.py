"""The list of models: a row for each, made and priced a few at a time, so that hundreds never hold up the window."""

from __future__ import annotations

import time
from collections import defaultdict

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from octavo.gui.pages.model_facts import about, source_words
from octavo.gui.pricing import price_of
from octavo.gui.widgets.drop_zone import DropZone
from octavo.gui.widgets.model_row import ModelRow
from octavo.gui.wording import byte_count, file_name, likely_speed
from octavo.gui.workspace import Model, Workspace

# Rows that are there at once. The others follow, some milliseconds at a time.
FIRST_ROWS = 3
SLICE_SECONDS = 0.008
# Of the free memory: what it changes by from second to second changes no verdict.
NOTICEABLE_SHARE = 0.01

Title = tuple[str, str]


class ModelList(QWidget):
    """Rows of which one is chosen; what lies behind ``drop`` can be dropped."""

    chosen = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.setProperty("plain", True)
        self._workspace = workspace
        self._words = ""
        self.rows: dict[str, ModelRow] = {}
        self._shown: dict[str, Model] = {}
        self._titles: dict[str, Title] = {}
        self._namesakes: defaultdict[Title, set[str]] = defaultdict(set)
        self._missing: list[str] = []
        self._unpriced: dict[str, None] = {}
        self._priced_for, self._priced_at = 0, 0.0
        self._group = QButtonGroup(self)
        self.drop = DropZone()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self._column.addWidget(self.drop)
        self._column.addStretch(1)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._work)
        self._group.buttonClicked.connect(self._tell)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_prices()

    def show_models(self) -> None:
        """Have a row for each model of the workspace, in its order."""
        paths = [each.path for each in self._workspace.models]
        wanted = set(paths)
        for path in [each for each in self.rows if each not in wanted]:
            self._drop_row(path)
        self._missing = [each for each in paths if each not in self.rows]
        for _ in range(FIRST_ROWS):
            self._add_next()
        known = [each for each in paths if each in self.rows]
        for place, path in enumerate(known):
            if self._column.indexOf(self.rows[path]) != place:
                self._column.removeWidget(self.rows[path])
                self._column.insertWidget(place, self.rows[path])
        for path in known:
            if self._shown[path] is not self._workspace.model(path):
                self.show_model(path)
        self._later.start()

    def show_model(self, path: str) -> None:
        """Show what is known of a model."""
        model, shown = self._workspace.model(path), self.rows.get(path)
        if model is None or shown is None:
            return
        self._shown[path] = model
        icon_name = "sparkles" if model.is_demo else ("folder" if model.is_folder else "box")
        container = "Safetensors" if model.is_folder else "GGUF"
        size = byte_count(model.n_bytes) if model.n_bytes else ""
        told = [about(model)]
        if self._is_namesake(model):
            told.insert(0, file_name(path))
        shown.show_model(model.name, " · ".join(told), icon_name, container, model.type_name, size)
        shown.show_source(source_words(model), self._original(model))
        shown.show_problem(model.problem)
        if path == self._workspace.selected_path:
            shown.setChecked(True)
        shown.setVisible(shown.matches(self._words))
        self._show_price(model, shown)

    def show_prices(self) -> None:
        """Price all rows anew, a few at a time."""
        if self.isVisible():
            self._priced_for, self._priced_at = self._workspace.ram.free_bytes, self._workspace.bandwidth
            self._unpriced = dict.fromkeys(self.rows)
            self._later.start()

    def follow_memory(self) -> None:
        """Price all rows anew once clearly more or less memory is free, or its speed is known."""
        free, bandwidth = self._workspace.ram.free_bytes, self._workspace.bandwidth
        if abs(free - self._priced_for) > NOTICEABLE_SHARE * free or bandwidth != self._priced_at:
            self.show_prices()

    def choose(self, path: str) -> None:
        """Mark the row of a model."""
        if path in self.rows:
            self.rows[path].setChecked(True)

    def filter(self, words: str) -> None:
        """Show those only that ``words`` look for."""
        self._words = words
        for shown in self.rows.values():
            shown.setVisible(shown.matches(words))

    def _work(self) -> None:
        ends = time.perf_counter() + SLICE_SECONDS
        while time.perf_counter() < ends:
            if self._missing:
                self._add_next()
            elif self._unpriced:
                path = next(iter(self._unpriced))
                del self._unpriced[path]
                model = self._workspace.model(path)
                if model is not None and path in self.rows:
                    self._show_price(model, self.rows[path])
            else:
                return
        self._later.start()

    def _add_next(self) -> None:
        if not self._missing:
            return
        path = self._missing.pop(0)
        made = self.rows[path] = ModelRow(path)
        self._group.addButton(made)
        # Before the drop zone and the stretch.
        self._column.insertWidget(self._column.count() - 2, made)
        self.show_model(path)

    def _drop_row(self, path: str) -> None:
        gone = self.rows.pop(path)
        del self._shown[path]
        self._namesakes[self._titles.pop(path)].discard(path)
        self._group.removeButton(gone)
        self._column.removeWidget(gone)
        gone.hide()
        gone.deleteLater()

    def _show_price(self, model: Model, shown: ModelRow) -> None:
        price = price_of(self._workspace, model)
        if price is not None:
            shown.show_fit(price.verdict, price.sentence, likely_speed(price.tokens_per_second))

    def _is_namesake(self, model: Model) -> bool:
        """Whether another model looks the same; that one then shows the name of its file too."""
        title = (model.name, model.type_name)
        before = self._titles.get(model.path)
        self._titles[model.path] = title
        namesakes = self._namesakes[title]
        namesakes.add(model.path)
        if before is not None and before != title:
            self._namesakes[before].discard(model.path)
        if before != title and len(namesakes) == 2:
            for other in namesakes - {model.path}:
                self.show_model(other)
        return len(namesakes) > 1

    def _original(self, model: Model) -> str:
        """What the model is a copy of, in words; empty if it is none."""
        original = self._workspace.model(model.entry.duplicate_of)
        return " in ".join(filter(None, (original.name, original.entry.source))) if original else ""

    def _tell(self, row: ModelRow) -> None:
        self.chosen.emit(row.path)
