"""The models on this computer, and what the chosen one needs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from octavo.engine.estimate.comfortable import comfortable
from octavo.engine.estimate.fit import available_bytes
from octavo.gui.pages.model_facts import facts
from octavo.gui.pages.model_list import ModelList
from octavo.gui.pricing import parts, price_of, usable_pools
from octavo.gui.show_folder import show_in_folder
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.empty_models import EmptyModels
from octavo.gui.widgets.model_details import ModelDetails
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.widgets.search_field import SearchField
from octavo.gui.widgets.this_computer import ThisComputer
from octavo.gui.wording import byte_count, context, file_name
from octavo.gui.workspace import Model, Workspace
from octavo.worker.protocol import Failed

EMPTY = 1


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
        self.list = ModelList(workspace)
        self._problem = ProblemCard()
        self._details = ModelDetails()
        self._empty = EmptyModels()
        self._computers = (ThisComputer(), ThisComputer())
        self._processor = ""
        self._stack = QStackedWidget()
        self._stack.addWidget(self._lists(self._computers[0]))
        self._stack.addWidget(_above(self._empty, self._computers[1]))
        self.body.addWidget(self._problem)
        self.body.addWidget(self._stack, 1)
        self._connect()
        self._show_models()
        self._show_computer()

    def show_processor(self, text: str) -> None:
        """Name the processor in a few words."""
        self._processor = text
        self._show_computer()

    def show_dropping(self, is_dropping: bool) -> None:
        """Light up the drop zone."""
        self.list.drop.show_dropping(is_dropping)

    def _lists(self, computer: ThisComputer) -> QWidget:
        both = QWidget()
        layout = row(gap=16)
        layout.addWidget(_above(scrolled(self.list), computer), 1)
        layout.addWidget(self._details)
        both.setLayout(layout)
        return both

    def _connect(self) -> None:
        menu = QMenu(self._add)
        menu.addAction("Open file…").triggered.connect(self.file_asked)
        menu.addAction("Open folder…").triggered.connect(self.folder_asked)
        menu.addAction("Look for models in a folder…").triggered.connect(self.folder_asked)
        self._add.setMenu(menu)
        self._empty.file_asked.connect(self.file_asked)
        self._empty.folder_asked.connect(self.folder_asked)
        self._empty.demo_asked.connect(self._show_demo)
        self._search.textChanged.connect(self.list.filter)
        self.list.chosen.connect(self._workspace.select)
        self._details.chat_asked.connect(self._ask_chat)
        self._details.convert_asked.connect(self._ask_convert)
        self._details.fit_asked.connect(self._ask_fit)
        self._details.compare_asked.connect(self._ask_compare)
        self._details.folder_asked.connect(self._open_folder)
        self._details.removal_asked.connect(self._remove)
        self._workspace.models_changed.connect(self._show_models)
        self._workspace.model_changed.connect(self._show_model)
        self._workspace.selected.connect(self._show_selected)
        self._workspace.memory_changed.connect(self._follow_memory)
        self._workspace.memory_changed.connect(self._show_computer)
        self._workspace.plugins_changed.connect(self._show_prices)
        self._workspace.speeds_changed.connect(self._show_prices)
        self._workspace.settings_changed.connect(self._show_prices)
        self._workspace.refused.connect(self._show_refusal)

    def _show_computer(self) -> None:
        ram = self._workspace.ram
        for each in self._computers:
            each.setVisible(bool(self._workspace.pools))
            each.show_machine(self._processor, ram.free_bytes, ram.total_bytes)
            each.show_comfortable(comfortable(ram.free_bytes, self._workspace.bandwidth))

    def _show_models(self) -> None:
        models = self._workspace.models
        is_empty = not models or (all(each.is_demo for each in models) and not self._shows_demo)
        self._stack.setCurrentIndex(EMPTY if is_empty else 0)
        self._search.setVisible(not is_empty)
        self._add.setVisible(not is_empty)
        self._show_total()
        self.list.show_models()
        usable = next((each.path for each in models if not each.problem), "")
        if not is_empty and not self._workspace.selected_path and usable:
            self._workspace.select(usable)

    def _show_total(self) -> None:
        models = self._workspace.models
        if self._stack.currentIndex() == EMPTY:
            self.about.show_text(self._nothing())
        else:
            total = byte_count(sum(each.n_bytes for each in models))
            self.about.show_text(f"{len(models)} on this computer · {total}")

    def _nothing(self) -> str:
        """Why no list is on view."""
        if self._shows_demo:
            return "Opening the demo model…"
        return "Looking for models on this computer…" if self._workspace.is_looking else "Nothing here yet"

    def _show_model(self, path: str) -> None:
        self.list.show_model(path)
        self._show_total()
        if path == self._workspace.selected_path:
            self._show_selected(path)

    def _show_prices(self) -> None:
        self.list.show_prices()
        self._show_selected_needs()

    def _follow_memory(self) -> None:
        self.list.follow_memory()
        self._show_selected_needs()

    def _show_selected_needs(self) -> None:
        selected = self._workspace.selected_model
        if selected is not None:
            self._show_needs(selected)

    def _show_selected(self, path: str) -> None:
        model = self._workspace.model(path)
        if model is None:
            return
        self.list.choose(path)
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
            self._details.show_needs("" if model.problem else "Memory", [], 0, 0, text)
            return
        assert model.card is not None
        tokens = self._workspace.context_for(model.card)
        free = available_bytes(usable_pools(self._workspace))
        title = f"Memory at {context(tokens)} context"
        self._details.show_needs(title, parts(price), price.total_bytes, free, price.sentence)

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


def _above(upper: QWidget, lower: QWidget) -> QWidget:
    """Both in one, of which ``upper`` takes the room that is left."""
    both = QWidget()
    both.setProperty("plain", True)
    layout = column(gap=12)
    layout.addWidget(upper, 1)
    layout.addWidget(lower)
    both.setLayout(layout)
    return both
