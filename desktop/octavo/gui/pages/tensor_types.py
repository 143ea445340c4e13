"""A window with all tensors, to give some of them another type; size and memory follow at once."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QVBoxLayout, QWidget

from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.quantize.overrides import WRITABLE_TYPES
from octavo.engine.quantize.quantizer import Plan
from octavo.gui.models.tensor_table import HEADS, NAME, SORTED_BY, TensorTable
from octavo.gui.tensor_rules import chosen_types, rules_for
from octavo.gui.theme.fonts import SEMIBOLD, SMALL, TITLE, font
from octavo.gui.widgets.button import HEIGHT, Button
from octavo.gui.widgets.card import row
from octavo.gui.widgets.choice_box import ChoiceBox
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.search_field import SearchField
from octavo.gui.widgets.table_view import FigureTable

SIZE, SMALLEST_COLUMN = (860, 600), 84


class TensorTypes(QDialog):
    """``changed`` carries the rules that say what was chosen."""

    changed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Types of single tensors")
        self.resize(*SIZE)
        self._tensors: list[TensorInfo] = []
        self._rules = ""
        self._model = TensorTable()
        self._filtered = QSortFilterProxyModel(self)
        self._filtered.setSourceModel(self._model)
        self._filtered.setFilterKeyColumn(-1)
        self._filtered.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._filtered.setSortRole(SORTED_BY)
        self.table = FigureTable(self._filtered, "Tensors", scrolls=True)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.table.horizontalHeader()
        header.setMinimumSectionSize(SMALLEST_COLUMN)
        header.setSortIndicatorClearable(True)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        header.setResizeContentsPrecision(0)  # what is on view decides: models have thousands of tensors
        for column in range(1, len(HEADS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.filter = SearchField("Name, shape or type")
        self.types = ChoiceBox()
        self.types.addItems(WRITABLE_TYPES)
        self.types.setAccessibleName("Type for the selection")
        self.types.setFixedSize(110, HEIGHT)
        self.types.setFont(font(SMALL))
        self.give = Button("Give the selection this type", "primary")
        self.reset = Button("As the format wants", name="Give the selection the type that the format wants")
        self.reset_all = Button("Reset all", name="Give all tensors the type that the format wants")
        self._title = Label("", TITLE, SEMIBOLD)
        self._about = Label("", SMALL, tone="text2", elide=True)
        self._outcome = Label("", weight=SEMIBOLD)
        self._selected = Label("", SMALL, tone="text2")
        self._arrange()
        self.filter.textChanged.connect(self._filtered.setFilterFixedString)
        self.give.clicked.connect(self._give)
        self.reset.clicked.connect(self._reset)
        self.reset_all.clicked.connect(self._reset_all)
        self.table.selectionModel().selectionChanged.connect(self._show_selection)

    def show_model(self, title: str, tensors: Sequence[TensorInfo], rules: str) -> None:
        """Show the tensors of a model, and the rules that are chosen already."""
        self._tensors, self._rules = list(tensors), rules
        self._title.show_text(title)
        self._model.show_tensors(self._tensors)
        self.table.clearSelection()
        self._show_selection()

    def show_plan(self, plan: Plan | None, outcome: str) -> None:
        """Show what the rules lead to."""
        chosen = chosen_types(self._rules, self._tensors) if plan else {}
        self._model.show_plan(plan, list(chosen))
        self._outcome.show_text(outcome)
        self.reset_all.setEnabled(bool(self._rules))
        self._about.show_text(f"Rules: {self._rules}" if self._rules else "No tensor has a type of its own.")

    def _arrange(self) -> None:
        done = Button("Done")
        done.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(12)
        layout.addLayout(row(self._title, None, self.filter))
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self._selected, None, self.reset, self.types, self.give))
        layout.addWidget(self._about)
        layout.addLayout(row(self._outcome, None, self.reset_all, done, gap=8))

    def _names(self) -> list[str]:
        rows = self.table.selectionModel().selectedRows(NAME)
        return [self._model.tensor(self._filtered.mapToSource(each).row()).name for each in rows]

    def _show_selection(self) -> None:
        n = len(self._names())
        self._selected.show_text("1 tensor selected" if n == 1 else f"{n} tensors selected")
        self.give.setEnabled(n > 0)
        self.reset.setEnabled(n > 0)

    def _give(self) -> None:
        self._change(dict.fromkeys(self._names(), self.types.currentText()))

    def _reset(self) -> None:
        self._change(dict.fromkeys(self._names(), ""))

    def _reset_all(self) -> None:
        self._rules = ""
        self.changed.emit("")

    def _change(self, types: dict[str, str]) -> None:
        chosen = chosen_types(self._rules, self._tensors) | types
        self._rules = rules_for({name: each for name, each in chosen.items() if each}, self._tensors)
        self.changed.emit(self._rules)
