"""What a model needs before it is loaded, in every format, re-priced while the settings move."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.fit import FitRow, default_options
from octavo.engine.estimate.memory import largest_context
from octavo.engine.estimate.verdict import FITS_SHARE, RUNS_WELL_SHARE
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.gui.models.fit_table import FitTable
from octavo.gui.pricing import WithOptions, all_parts, price
from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.context_chart import ContextChart, Curve
from octavo.gui.widgets.fit_bars import FitBar, FitBars
from octavo.gui.widgets.fit_settings import FitSettings
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.memory_bar import MODEL_PARTS, Legend
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.source_card import ModelMenu
from octavo.gui.widgets.table_view import FigureTable
from octavo.gui.wording import byte_count
from octavo.gui.workspace import Workspace

N_POINTS = 13
SHORTEST_CONTEXT = 64
CONTEXT_SPAN = 256


class FitPage(Page):
    """Bars for every format against the free memory."""

    file_asked = Signal()

    def __init__(self, workspace: Workspace) -> None:
        self._choose = Button("Choose a model", "secondary", "chevron-down")
        super().__init__("Fit", "See what a model needs before you load it.", self._choose)
        self._workspace = workspace
        self._menu = ModelMenu(self)
        self._choose.setMenu(self._menu)
        self._bars, self._figures = FitBars(), FitTable()
        self._table = FigureTable(self._figures, "Memory needed on this computer")
        self._table.hide()
        self._switch = Button("Show as table", "link", height=24, size=SMALL)
        self._curves: dict[str, tuple[tuple[int, int], ...]] = {}
        self._found: list[Quantizer] = []
        self._usual: list[WithOptions] = []
        self._rows_shown: list[FitRow] = []
        self._priced = ("", 0)
        self._sentence = Label("", SMALL, tone="text2", elide=True)
        self._graphics = Label("", SMALL, tone="text2", wrap=True)
        self._note = Label("", SMALL, tone="text3")
        self._chart = ContextChart()
        self._settings = FitSettings(os.cpu_count() or 1, workspace.n_threads, workspace.settings.kv_type)
        self._arrange()
        self._connect()
        self._show_model()

    def _arrange(self) -> None:
        needs = Card(padding=20, gap=8)
        title = Label("Memory needed on this computer", READING, SEMIBOLD)
        needs.body.addLayout(row(title, None, Legend(MODEL_PARTS)))
        needs.body.addSpacing(2)
        needs.body.addWidget(self._bars)
        needs.body.addWidget(self._table)
        foot = row(gap=16)
        foot.addWidget(self._sentence, 1)
        foot.addWidget(self._note)
        foot.addWidget(self._switch)
        needs.body.addLayout(foot)
        needs.body.addWidget(self._graphics)
        growth = Card(padding=20, gap=8)
        about = Label("Weights stay, the KV cache grows", SMALL, tone="text3", elide=True)
        head = row(Label("Memory against context", READING, SEMIBOLD), None, about)
        growth.body.addLayout(head)
        growth.body.addWidget(self._chart, 1)
        self.body.addWidget(needs)
        lower = row(gap=16)
        lower.addWidget(self._settings)
        lower.addWidget(growth, 1)
        self.body.addLayout(lower, 1)

    def _connect(self) -> None:
        self._menu.chosen.connect(self._workspace.select)
        self._menu.open_asked.connect(self.file_asked)
        self._bars.chosen.connect(self._show_choice)
        self._switch.clicked.connect(self._switch_view)
        self._settings.context_changed.connect(self._show_prices)
        self._settings.shape_changed.connect(self._show_shape)
        self._settings.largest_asked.connect(self._take_largest)
        self._workspace.selected.connect(self._show_model)
        self._workspace.model_changed.connect(self._show_model)
        self._workspace.models_changed.connect(self._show_model)
        self._workspace.plugins_changed.connect(self._show_model)
        self._workspace.settings_changed.connect(self._show_model)
        self._workspace.memory_changed.connect(self._show_prices)

    @property
    def _card(self) -> ModelCard | None:
        model = self._workspace.selected_model
        return model.card if model else None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_shape()

    def _quantizers(self) -> list[Quantizer]:
        """All quantizers as they usually work; each keeps its plan, which the slider does not change."""
        if not self._workspace.plugins_loaded:
            return []
        found = self._workspace.host.quantizers()
        if found != self._found:
            self._found = found
            self._usual = [WithOptions(each, default_options(each)) for each in found]
        return list(self._usual)

    def _show_model(self, path: str = "") -> None:
        if path and path != self._workspace.selected_path:
            return
        choices = [(each.path, each.name) for each in self._workspace.models if each.card is not None]
        self._menu.show_choices(choices)
        model = self._workspace.selected_model
        self._choose.show_text(model.name if model else "Choose a model", "Choose a model")
        card = self._card
        if card is None:
            self._sentence.show_text("Choose a model to see what it needs.")
            self._show_lines([])
            return
        wanted = (card.path, self._workspace.context_for(card))
        if wanted != self._priced:
            self._priced = wanted
            self._settings.context.show_range(card.hyperparameters.context_length, wanted[1])
        self._show_shape()

    def _show_shape(self) -> None:
        """Price the curves, which do not depend on the chosen context, then the rest."""
        card = self._card
        if card is None or not self._workspace.pools or not self.isVisible():
            return
        longest = max(card.hyperparameters.context_length, 2 * SHORTEST_CONTEXT)
        shortest = max(longest // CONTEXT_SPAN, SHORTEST_CONTEXT)
        growth = longest / shortest
        contexts = [round(shortest * growth ** (each / (N_POINTS - 1))) for each in range(N_POINTS)]
        # Formats differ in their weights alone: one curve, moved up or down, is the curve of all of them.
        curve = [(tokens, self._rows(card, tokens, ())[0].total_bytes) for tokens in contexts]
        as_it_is, *others = self._rows(card, self._settings.context.tokens, self._quantizers())
        self._curves = {
            each.quantizer: tuple((t, n + each.total_bytes - as_it_is.total_bytes) for t, n in curve)
            for each in (as_it_is, *others)
            if each.total_bytes and as_it_is.total_bytes
        }
        self._show_prices()

    def _rows(self, card: ModelCard, context_tokens: int, quantizers: Sequence[Quantizer]) -> list[FitRow]:
        return price(
            card,
            self._workspace,
            quantizers,
            context_tokens=context_tokens,
            kv_type=self._settings.kv_type,
            n_threads=self._settings.n_threads,
        )

    def _show_prices(self) -> None:
        card = self._card
        if card is None or not self._workspace.pools or not self.isVisible():
            return
        rows = sorted(
            self._rows(card, self._settings.context.tokens, self._quantizers()),
            key=lambda each: each.total_bytes,
        )
        self._show_lines(rows)
        self._show_graphics(rows)

    def _show_lines(self, rows: list[FitRow]) -> None:
        ram = self._workspace.ram
        whole = max([ram.total_bytes, *(each.total_bytes for each in rows)])
        self._bars.show_bars([_bar(each) for each in rows], whole, ram.free_bytes)
        self._figures.show_rows(rows)
        note = f"Dotted line: {byte_count(ram.free_bytes)} free now · bar length: {byte_count(whole)}"
        self._note.show_text(note if rows else "")
        self._rows_shown = rows
        self._show_choice()

    def _switch_view(self) -> None:
        """Show the figures in place of the bars, or the bars again."""
        as_table = self._table.isHidden()
        self._table.setVisible(as_table)
        self._bars.setVisible(not as_table)
        self._switch.show_text("Show as bars" if as_table else "Show as table")

    def _show_choice(self) -> None:
        name = self._bars.name
        found = next((each for each in self._rows_shown if each.quantizer == name), None)
        card = self._card
        if found is None or card is None:
            return
        self._sentence.show_text(f"{name[:1].upper()}{name[1:]}: {found.sentence}")
        self._settings.show_outcome(found.total_bytes, found.tokens_per_second)
        curves = [Curve(each, points, each == name) for each, points in self._curves.items()]
        self._chart.show_curves(curves, self._workspace.ram.free_bytes, self._settings.context.tokens)
        plan = self._plan(card, name)
        runs_well, fits = (self._largest(card, plan, share) for share in (RUNS_WELL_SHARE, FITS_SHARE))
        self._settings.context.show_zones(runs_well, fits)
        self._settings.show_largest(runs_well)

    def _plan(self, card: ModelCard, name: str) -> Plan | None:
        quantizer = next((each for each in self._quantizers() if each.name == name), None)
        return quantizer.plan(card.tensors, default_options(quantizer)) if quantizer else None

    def _largest(self, card: ModelCard, plan: Plan | None, share: float) -> int:
        free = int(share * self._workspace.ram.free_bytes)
        try:
            return largest_context(
                card, plan, free, kv_type=self._settings.kv_type, n_threads=self._settings.n_threads
            )
        except OctavoError:  # its row says that the cost is unknown
            return 0

    def _take_largest(self) -> None:
        self._settings.context.choose(self._settings.largest)

    def _show_graphics(self, rows: list[FitRow]) -> None:
        """Say what would fit each graphics memory, for those who will run the file there."""
        told = []
        for pool in self._workspace.pools:
            if pool.kind == "vram":
                fitting = [
                    each.quantizer for each in rows if 0 < each.total_bytes <= FITS_SHARE * pool.free_bytes
                ]
                names = ", ".join(fitting) if fitting else "nothing"
                told.append(f"{pool.name}: {byte_count(pool.free_bytes)} free, fits {names}.")
        self._graphics.show_text("\n".join(told))
        self._graphics.setVisible(bool(told))


def _bar(found: FitRow) -> FitBar:
    total = byte_count(found.total_bytes) if found.total_bytes else "unknown"
    return FitBar(found.quantizer, tuple(all_parts(found)), total, found.verdict, found.sentence)
