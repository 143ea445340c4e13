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
from octavo.gui.widgets.what_if_fields import WhatIfFields
from octavo.gui.wording import count

WIDTH = 312
KV_CHOICES = (("f16", "16-bit"), ("q8_0", "8-bit"))
PROMPT_TOKENS = 512


class FitSettings(Card):
    """The card at the left of the Fit page.

    ``context_changed`` is told of alone: it moves prices along curves that stay. Threads and the cache's precision
    change the ``shape`` of all; the chat so far and the prompt change ``speed`` only.
    """

    context_changed = Signal()
    shape_changed = Signal()
    speed_changed = Signal()
    largest_asked = Signal()
    measure_asked = Signal()

    def __init__(self, n_processors: int, n_threads: int, kv_type: str) -> None:
        super().__init__(padding=20, gap=10)
        self.setMinimumWidth(280)
        self.largest = 0
        self.context = ContextSlider("Context length")
        self.chat = ContextSlider("Chat so far", has_zones=False, least=0)
        self.prompt = ContextSlider("Prompt to read", has_zones=False, least=32)
        self.what_if = WhatIfFields()
        self._largest = Button("", "link", height=24, size=SMALL)
        self._threads = CountSlider("Threads", n_processors, n_threads)
        self._kv = Segments("KV cache precision", KV_CHOICES, kv_type)
        self._speed, self._speed_note = Label("—", 18, SEMIBOLD), Label("", SMALL, tone="text2", wrap=True)
        self._total = Label("—", 18, SEMIBOLD)
        self._measure = Button("Measure this computer again", "link", height=24, size=SMALL)
        self._arrange()
        self.context.chosen.connect(self._tell_context)
        self.chat.chosen.connect(self._tell_speed)
        self.prompt.chosen.connect(self._tell_speed)
        self._threads.chosen.connect(self._tell_shape)
        self._kv.chosen.connect(self._tell_shape)
        self._largest.clicked.connect(self.largest_asked)
        self._measure.clicked.connect(self.measure_asked)

    def _arrange(self) -> None:
        add = self.body.addWidget
        add(Label("Settings that change the estimate", READING, SEMIBOLD))
        add(self.context)
        self.body.addLayout(row(self._largest, None))
        add(self._threads)
        add(Label("KV cache precision", SMALL, tone="text2"))
        add(self._kv)
        add(self.chat)
        add(self.prompt)
        add(Line())
        add(self.what_if)
        self.body.addStretch(1)
        add(Line())
        totals = column(self._total, Label("in all", SMALL, tone="text2"), None, gap=2)
        head = row(gap=12)
        head.addLayout(column(self._speed, self._speed_note, gap=2), 1)
        head.addLayout(totals)
        self.body.addLayout(head)
        self.body.addLayout(row(self._measure, None))

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

    def show_model(self, longest: int, context_tokens: int) -> None:
        """Offer what suits a model of this context; nobody is told."""
        self.context.show_range(longest, context_tokens)
        self.chat.show_range(longest, 0)
        self.prompt.show_range(longest, min(PROMPT_TOKENS, longest))

    def show_outcome(self, total: str, speed: str, note: str) -> None:
        """Show memory and speed of the chosen format, and how good the speed is."""
        self._total.show_text(total)
        self._speed.show_text(speed)
        self._speed_note.show_text(note)

    def show_measuring(self, text: str) -> None:
        """Show how far measuring is; empty where it can be asked for."""
        self._measure.show_text(text or "Measure this computer again")
        self._measure.setEnabled(not text)

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

    def _tell_speed(self) -> None:
        self.speed_changed.emit()
