"""Keeps the window of single tensors, which exists only while it is open."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.fit import FitRow
from octavo.gui.markdown.clean_text import clean
from octavo.gui.pages.tensor_types import TensorTypes
from octavo.gui.pricing import WithOptions
from octavo.gui.wording import byte_count


class TensorTypesDesk(QObject):
    """``changed`` carries the rules that the user chose."""

    changed = Signal(str)

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self._page = page
        self.window: TensorTypes | None = None

    def open(self, card: ModelCard, format_name: str, rules: str) -> None:
        """Show the tensors of a model for one of its formats."""
        self.window = TensorTypes(self._page)
        self.window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.window.show_model(f"Tensors in {format_name}", card.tensors, rules)
        self.window.changed.connect(self.changed)
        self.window.finished.connect(self._forget)
        self.window.open()

    def show(self, asked: WithOptions, card: ModelCard, found: FitRow | None) -> None:
        """Show what the rules lead to, if the window is open."""
        if self.window is None:
            return
        try:
            plan = asked.plan(card.tensors, None)
        except OctavoError as error:
            self.window.show_plan(None, clean(str(error)))
            return
        size = byte_count(found.file_bytes) if found else "—"
        memory = byte_count(found.total_bytes) if found and found.total_bytes else "—"
        self.window.show_plan(plan, f"File {size}, memory to run {memory}")

    def _forget(self) -> None:
        self.window = None
