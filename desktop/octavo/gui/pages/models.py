"""The models on this computer, and what the chosen one needs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QMenu, QStackedWidget, QVBoxLayout, QWidget

from octavo.engine.estimate.comfortable import comfortable
from octavo.gui.pages.model_facts import about, facts
from octavo.gui.pricing import parts, price_of
from octavo.gui.show_folder import show_in_folder
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import row
from octavo.gui.widgets.drop_zone import DropZone
from octavo.gui.widgets.empty_models import EmptyModels
from octavo.gui.widgets.model_details import ModelDetails
from octavo.gui.widgets.model_row import ModelRow
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.widgets.search_field import SearchField
from octavo.gui.widgets.this_computer import ThisComputer
from octavo.gui.wording import byte_count, context, file_name, likely_speed
from octavo.gui.workspace import Model, Workspace
from octavo.worker.protocol import Failed


class ModelsPage(Page):
    """A list of models with the details of one; or an invitation where there are none."""

    chat_asked = Signal(str)
    convert_asked = Signal(str)
    fit_asked = Signal(str)
    compare_asked = Signal(str)
    file_asked = Signal()
    folder_asked = Signal()

    def __init__(self, workspace: Workspace) -> None:
        self._search = SearchField("Search models")
        self._add = Button("Add model", "primary", "plus")
        super().__init__("Models", "Looking for models…", self._search, self._add)
        self._workspace = workspace
        self._shows_demo = False
        self._rows: dict[str, ModelRow] = {}
        self._group = QButtonGroup(self)
        self._problem = ProblemCard()
        self._drop = DropZone()
        self._details = ModelDetails()
        self._empty = EmptyModels()
        self._computer = ThisComputer()
        self._processor = ""
        self._stack = QStackedWidget()
        self._stack.addWidget(self._lists())
        self._stack.addWidget(self._empty)
        self.body.addWidget(self._problem)
        self.body.addWidget(self._stack, 1)
        self.body.addWidget(self._computer)
        self._connect()
        self._show_models()
        self._show_computer()

    def show_processor(self, text: str) -> None:
        """Name the processor in a few words."""
        self._processor = text
        self._show_computer()

    def show_dropping(self, is_dropping: bool) -> None:
        """Light up the drop zone."""
        self._drop.show_dropping(is_dropping)

    def _lists(self) -> QWidget:
        inner = QWidget()
        inner.setProperty("plain", True)
        self._list = QVBoxLayout(inner)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(10)
        self._list.addWidget(self._drop)
        self._list.addStretch(1)
        both = QWidget()
        layout = row(gap=16)
        layout.addWidget(scrolled(inner), 1)
        layout.addWidget(self._details)
        both.setLayout(layout)
        return both

    def _connect(self) -> None:
        menu = QMenu(self._add)
        menu.addAction("Open file…").triggered.connect(self.file_asked)
        menu.addAction("Open folder…").triggered.connect(self.folder_asked)
        self._add.setMenu(menu)
        self._empty.file_asked.connect(self.file_asked)
        self._empty.folder_asked.connect(self.folder_asked)
        self._empty.demo_asked.connect(self._show_demo)
        self._search.textChanged.connect(self._filter)
        self._group.buttonClicked.connect(self._select)
        self._details.chat_asked.connect(self._ask_chat)
        self._details.convert_asked.connect(self._ask_convert)
        self._details.fit_asked.connect(self._ask_fit)
        self._details.compare_asked.connect(self._ask_compare)
        self._details.folder_asked.connect(self._open_folder)
        self._details.removal_asked.connect(self._remove)
        self._workspace.models_changed.connect(self._show_models)
        self._workspace.model_changed.connect(self._show_model)
        self._workspace.selected.connect(self._show_selected)
        self._workspace.memory_changed.connect(self._show_prices)
        self._workspace.memory_changed.connect(self._show_computer)
        self._workspace.plugins_changed.connect(self._show_prices)
        self._workspace.refused.connect(self._show_refusal)

    def _show_computer(self) -> None:
        ram = self._workspace.ram
        self._computer.setVisible(bool(self._workspace.pools))
        self._computer.show_machine(self._processor, ram.free_bytes, ram.total_bytes)
        self._computer.show_comfortable(comfortable(ram.free_bytes, self._workspace.bandwidth))

    def _show_models(self) -> None:
        models = self._workspace.models
        is_empty = all(each.is_demo for each in models) and not self._shows_demo
        self._stack.setCurrentIndex(1 if is_empty else 0)
        self._search.setVisible(not is_empty)
        self._add.setVisible(not is_empty)
        self._show_total()
        paths = [each.path for each in models]
        for path in [path for path in self._rows if path not in paths]:
            gone = self._rows.pop(path)
            self._group.removeButton(gone)
            self._list.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for place, path in enumerate(paths):
            if path not in self._rows:
                self._rows[path] = ModelRow(path)
                self._group.addButton(self._rows[path])
            if self._list.indexOf(self._rows[path]) != place:
                self._list.removeWidget(self._rows[path])
                self._list.insertWidget(place, self._rows[path])
            self._show_model(path)
        if not is_empty and not self._workspace.selected_path and paths:
            self._workspace.select(paths[0])
        self._filter(self._search.text())

    def _show_total(self) -> None:
        models = self._workspace.models
        if self._stack.currentWidget() is self._empty:
            self.about.show_text("Nothing here yet")
        else:
            total = byte_count(sum(each.n_bytes for each in models))
            self.about.show_text(f"{len(models)} on this computer · {total}")

    def _show_model(self, path: str) -> None:
        model = self._workspace.model(path)
        if model is None or path not in self._rows:
            return
        shown = self._rows[path]
        icon_name = "sparkles" if model.is_demo else ("folder" if model.is_folder else "box")
        container = "Safetensors" if model.is_folder else "GGUF"
        type_name = model.type_name
        size = byte_count(model.n_bytes) if model.n_bytes else ""
        shown.show_model(model.name, about(model), icon_name, container, type_name, size)
        if model.problem:
            shown.show_problem(model.problem)
        self._show_price(model)
        self._show_total()
        if path == self._workspace.selected_path:
            self._show_selected(path)

    def _show_prices(self) -> None:
        for model in self._workspace.models:
            self._show_price(model)
        selected = self._workspace.selected_model
        if selected is not None:
            self._show_needs(selected)

    def _show_price(self, model: Model) -> None:
        price = price_of(self._workspace, model)
        if price is not None and model.path in self._rows:
            self._rows[model.path].show_fit(
                price.verdict, price.sentence, likely_speed(price.tokens_per_second)
            )

    def _show_selected(self, path: str) -> None:
        model = self._workspace.model(path)
        if model is None or path not in self._rows:
            return
        self._rows[path].setChecked(True)
        self._details.show_model(model.name, file_name(model.path), facts(model, datetime.now()))
        is_open = model.card is not None
        self._details.chat.setEnabled(is_open)
        self._details.convert.setEnabled(is_open)
        if model.problem:
            self._details.show_check("circle-alert", "danger", model.problem)
        elif model.card is None:
            self._details.show_check("loader-circle", "text3", "Reading the file…")
        elif model.card.problems:
            self._details.show_check("shield-alert", "warn", model.card.problems[0])
        else:
            n_tensors = len(model.card.tensors)
            self._details.show_check(
                "shield-check", "ok", f"File checked: header and {n_tensors} tensors are valid"
            )
        self._show_needs(model)

    def _show_needs(self, model: Model) -> None:
        price = price_of(self._workspace, model)
        if price is None:
            text = "" if model.problem else "Reading the header to see what it needs."
            self._details.show_needs("Memory", [], 0, 0, text)
            return
        assert model.card is not None
        tokens = self._workspace.context_for(model.card)
        free = self._workspace.ram.free_bytes
        title = f"Memory at {context(tokens)} context"
        self._details.show_needs(title, parts(price), price.total_bytes, free, price.sentence)

    def _filter(self, words: str) -> None:
        for shown in self._rows.values():
            shown.setVisible(shown.matches(words))

    def _select(self, chosen: ModelRow) -> None:
        self._workspace.select(chosen.path)

    def _show_demo(self) -> None:
        self._shows_demo = True
        self._show_models()

    def _show_refusal(self, path: str, failed: Failed) -> None:
        self._problem.show_problem(failed.message, failed.hint, details=failed.details)
        if not self._workspace.selected_path:
            self._show_models()

    def _ask_chat(self) -> None:
        self.chat_asked.emit(self._workspace.selected_path)

    def _ask_convert(self) -> None:
        self.convert_asked.emit(self._workspace.selected_path)

    def _ask_fit(self) -> None:
        self.fit_asked.emit(self._workspace.selected_path)

    def _ask_compare(self) -> None:
        self.compare_asked.emit(self._workspace.selected_path)

    def _open_folder(self) -> None:
        show_in_folder(Path(self._workspace.selected_path))

    def _remove(self) -> None:
        self._workspace.remove_model(self._workspace.selected_path)
