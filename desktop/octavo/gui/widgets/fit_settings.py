"""The settings that change an estimate, and what comes of them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal

from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Line, column, row
from octavo.gui.widgets.context_slider import ContextSlider
from octavo.gui.widgets.count_slider import CountSlider
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.segments import Segments
from octavo.gui.wording import byte_count, count, likely_speed

WIDTH = 360
KV_CHOICES = (("f16", "16-bit"), ("q8_0", "8-bit"))


class FitSettings(Card):
    """The card at the lower left of the Fit page."""

    context_changed = Signal()
    shape_changed = Signal()
    largest_asked = Signal()

    def __init__(self, n_processors: int, n_threads: int, kv_type: str) -> None:
        super().__init__(padding=20, gap=10)
        self.setMinimumWidth(280)
        self.setMaximumWidth(WIDTH)
        self.largest = 0
        self.context = ContextSlider("Context length")
        self._largest = Button("", "link", height=24, size=SMALL)
        self._threads = CountSlider("Threads", n_processors, n_threads)
        self._kv = Segments("KV cache precision", KV_CHOICES, kv_type)
        self._speed, self._speed_note = Label("—", 18, SEMIBOLD), Label("", SMALL, tone="text2")
        self._total = Label("—", 18, SEMIBOLD)
        add = self.body.addWidget
        add(Label("Settings that change the estimate", READING, SEMIBOLD))
        add(self.context)
        self.body.addLayout(row(self._largest, None))
        add(self._threads)
        add(Label("KV cache precision", SMALL, tone="text2"))
        add(self._kv)
        self.body.addStretch(1)
        add(Line())
        speeds = column(self._speed, self._speed_note, gap=2)
        totals = column(self._total, Label("in all", SMALL, tone="text2"), gap=2)
        self.body.addLayout(row(speeds, None, totals))
        self.context.chosen.connect(self._tell_context)
        self._threads.chosen.connect(self._tell_shape)
        self._kv.chosen.connect(self._tell_shape)
        self._largest.clicked.connect(self.largest_asked)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())

    @property
    def kv_type(self) -> str:
        """The type of the KV cache."""
        return self._kv.value

    @property
    def n_threads(self) -> int:
        """Threads of the engine."""
        return self._threads.value

    def show_outcome(self, total_bytes: int, tokens_per_second: float | None) -> None:
        """Show memory and speed of the chosen format."""
        self._total.show_text(byte_count(total_bytes) if total_bytes else "—")
        self._speed.show_text(likely_speed(tokens_per_second) or "—")
        note = "estimated from memory speed" if tokens_per_second else "speed not measured yet"
        self._speed_note.show_text(note)

    def show_largest(self, tokens: int) -> None:
        """Offer the longest context that still runs well."""
        self.largest = tokens
        text = f"Largest that runs well: {count(tokens)}" if tokens else "No context runs well now"
        self._largest.show_text(text)
        self._largest.setEnabled(bool(tokens))

    def _tell_context(self) -> None:
        self.context_changed.emit()

    def _tell_shape(self) -> None:
        self.shape_changed.emit()
