"""How much memory is in use now, at the foot of the navigation."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from octavo.gui.theme.fonts import MEDIUM, SMALL, TINY
from octavo.gui.widgets.card import Icon, column, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.memory_bar import MemoryBar, Part
from octavo.gui.wording import byte_count, gigabytes


class MemoryMeter(QWidget):
    """Used and installed memory, the model's share of it, and the processor in a line."""

    def __init__(self) -> None:
        super().__init__()
        self._figures = Label("", SMALL, MEDIUM)
        self._bar = MemoryBar(6)
        self._processor = Label("", TINY, tone="text3", elide=True)
        self.setLayout(
            column(
                row(Label("Memory", SMALL, tone="text2"), None, self._figures),
                self._bar,
                row(Icon("cpu", "text3", 14), self._processor, gap=6),
                gap=7,
                margins=(8, 0, 8, 0),
            )
        )

    def show_memory(self, total_bytes: int, free_bytes: int, model_bytes: int) -> None:
        """Show what is used of ``total_bytes``, of which ``model_bytes`` by the loaded model."""
        used = max(total_bytes - free_bytes, 0)
        model = min(model_bytes, used)
        self._figures.show_text(f"{gigabytes(used)} of {byte_count(total_bytes)}")
        parts = [Part("Other programs", used - model, "other"), Part("Model", model, "weights")]
        self._bar.show_parts(parts, total_bytes)

    def show_processor(self, text: str) -> None:
        """Show the processor in a few words."""
        self._processor.show_text(text)
