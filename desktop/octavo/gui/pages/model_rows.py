"""The models as rows of a list, each described and priced when it is looked at, so that hundreds cost nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from octavo.gui.pages.model_facts import about, source_words
from octavo.gui.pricing import price_of
from octavo.gui.widgets.model_row import ModelRow
from octavo.gui.widgets.model_view import ROW
from octavo.gui.wording import byte_count, file_name, likely_speed
from octavo.gui.workspace import Model, Workspace

Title = tuple[str, str]
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class ModelRows(QAbstractListModel):
    """Rows for the models of the workspace that somebody looks for, in its order."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._words = ""
        self._paths: list[str] = []
        self._places: dict[str, int] = {}
        self._titles: dict[str, Title] = {}
        self._namesakes: defaultdict[Title, set[str]] = defaultdict(set)
        self._described: dict[str, ModelRow] = {}
        self._priced: dict[str, ModelRow] = {}

    @property
    def paths(self) -> list[str]:
        """Where the models lie that have a row."""
        return list(self._paths)

    def __getitem__(self, path: str) -> ModelRow:
        """What is written on the row of a model."""
        priced = self._priced.get(path)
        if priced is None:
            priced = self._priced[path] = self._with_price(path)
        return priced

    def place(self, path: str) -> QModelIndex:
        """Where the row of a model stands; nowhere if it has none."""
        place = self._places.get(path)
        return QModelIndex() if place is None else self.index(place)

    def show_models(self) -> None:
        """Have a row for each model of the workspace."""
        self._titles = {each.path: (each.name, each.type_name) for each in self._workspace.models}
        self._namesakes.clear()
        for path, title in self._titles.items():
            self._namesakes[title].add(path)
        self._described.clear()
        self._priced.clear()
        self._show_found()

    def show_model(self, path: str) -> None:
        """Show what is known of a model by now."""
        model = self._workspace.model(path)
        if model is None or path not in self._titles:
            return
        before, now = self._titles[path], (model.name, model.type_name)
        self._tell_changed(path)
        if now != before:
            self._titles[path] = now
            self._namesakes[before].discard(path)
            self._namesakes[now].add(path)
            for namesake in (self._namesakes[before] | self._namesakes[now]) - {path}:
                self._tell_changed(namesake)
        if self._words:
            self._show_found()

    def show_prices(self) -> None:
        """Price all rows anew."""
        self._priced.clear()
        if self._paths:
            self.dataChanged.emit(self.index(0), self.index(len(self._paths) - 1))

    def filter(self, words: str) -> None:
        """Show those only that ``words`` look for."""
        self._words = words
        self._show_found()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._paths)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        path = self._paths[index.row()]
        if role == ROW:
            return self[path]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._description(path).name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._description(path).spoken
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return self[path].spoken_state
        return None

    def _show_found(self) -> None:
        paths = list(self._titles)
        if self._words:
            paths = [each for each in paths if self._description(each).matches(self._words)]
        if paths == self._paths:
            if paths:
                self.dataChanged.emit(self.index(0), self.index(len(paths) - 1))
            return
        self.beginResetModel()
        self._paths = paths
        self._places = {path: place for place, path in enumerate(paths)}
        self.endResetModel()

    def _tell_changed(self, path: str) -> None:
        self._described.pop(path, None)
        self._priced.pop(path, None)
        index = self.place(path)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def _description(self, path: str) -> ModelRow:
        described = self._described.get(path)
        if described is None:
            described = self._described[path] = self._describe(path)
        return described

    def _describe(self, path: str) -> ModelRow:
        model = self._workspace.model(path)
        if model is None:  # it has just left the list
            return ModelRow(path, file_name(path))
        told = [about(model)]
        if len(self._namesakes[self._titles[path]]) > 1:
            told.insert(0, file_name(path))
        return ModelRow(
            path,
            model.name,
            " · ".join(told),
            "sparkles" if model.is_demo else ("folder" if model.is_folder else "box"),
            "Safetensors" if model.is_folder else "GGUF",
            model.type_name,
            byte_count(model.n_bytes) if model.n_bytes else "",
            keeper=source_words(model),
            original=self._original(model),
            problem=model.problem,
        )

    def _with_price(self, path: str) -> ModelRow:
        row, model = self._description(path), self._workspace.model(path)
        price = price_of(self._workspace, model) if model is not None and not model.problem else None
        if price is None:
            return row
        speed = likely_speed(price.tokens_per_second)
        return replace(row, verdict=price.verdict, sentence=price.sentence, speed=speed)

    def _original(self, model: Model) -> str:
        """What the model is a copy of, in words; empty if it is none."""
        original = self._workspace.model(model.entry.duplicate_of)
        return " in ".join(filter(None, (original.name, original.entry.source))) if original else ""
