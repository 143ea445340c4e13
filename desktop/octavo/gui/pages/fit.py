"""What a model needs before it is loaded, in every format, re-priced while the settings move."""

from __future__ import annotations

import os

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.fit import AS_IT_IS, FitRow
from octavo.engine.estimate.verdict import FITS_SHARE
from octavo.gui.forecaster import Forecaster
from octavo.gui.measurer import Measurer
from octavo.gui.pages.fit_ahead import FitAhead
from octavo.gui.pages.fit_chart import FitCharts
from octavo.gui.pages.fit_circumstances import Circumstances
from octavo.gui.pages.fit_conversions import FitConversions
from octavo.gui.pages.fit_formats import FitFormats
from octavo.gui.pages.fit_prices import FitPrices, Points, Wish
from octavo.gui.pages.fit_speed_words import speed_words
from octavo.gui.pages.fit_words import figures, graphics_figure, heading, nothing_words
from octavo.gui.records import Records
from octavo.gui.speed_desk import SpeedDesk
from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, column, row
from octavo.gui.widgets.context_chart import Curve
from octavo.gui.widgets.explained_figure import FigureGrid
from octavo.gui.widgets.fit_settings import WIDTH, FitSettings
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.pill import Pill
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.widgets.source_card import ModelMenu
from octavo.gui.wording import byte_count
from octavo.gui.workspace import Workspace


class FitPage(Page):
    """Bars for every format against the free memory, and the figures of the chosen one."""

    file_asked = Signal()
    convert_asked = Signal(str)

    def __init__(
        self,
        workspace: Workspace,
        speed_desk: SpeedDesk,
        measurer: Measurer,
        forecaster: Forecaster,
        records: Records,
    ) -> None:
        self._choose = Button("Choose a model", "secondary", "chevron-down")
        self._simulated = Pill("SIMULATED", "warn", dot=True)
        super().__init__("Fit", "See what a model needs before you load it.", self._simulated, self._choose)
        self._workspace, self._speed_desk, self._records = workspace, speed_desk, records
        self._menu = ModelMenu(self)
        self._choose.setMenu(self._menu)
        self._prices = FitPrices(workspace)
        self._conversions = FitConversions(forecaster, self)
        self._curves: dict[str, Points] = {}
        self._rows: list[FitRow] = []
        self._priced, self._shown_path = ("", 0), ""
        self._settings = FitSettings(os.cpu_count() or 1, workspace.n_threads, workspace.settings.kv_type)
        self._formats, self._charts = FitFormats(), FitCharts(measurer)
        self._figures, self._graphics = (
            FigureGrid(3),
            FigureGrid(3, "Point at a card to read how it was worked out."),
        )
        self._ahead = FitAhead(self._prices, self._formats, self._figures, self)
        self._chosen_title = Label("", READING, SEMIBOLD, elide=True)
        self._chosen_card, self._graphics_card = Card(padding=20, gap=10), Card(padding=20, gap=10)
        self._arrange()
        self._connect()
        self._show_model()

    def _arrange(self) -> None:
        copy = Button(
            "Copy all", "link", height=24, size=SMALL, name="Copy all figures with their explanations"
        )
        copy.clicked.connect(self._figures.copy_all)
        head = row()
        head.addWidget(self._chosen_title, 1)
        head.addWidget(copy)
        self._chosen_card.body.addLayout(head)
        self._chosen_card.body.addWidget(self._figures)
        title = Label("On graphics cards, in llama.cpp and vLLM", READING, SEMIBOLD, elide=True)
        self._graphics_card.body.addWidget(title)
        self._graphics_card.body.addWidget(self._graphics)
        inner = QWidget()
        right = QVBoxLayout(inner)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(16)
        for each in (self._formats, self._chosen_card, self._charts, self._graphics_card):
            right.addWidget(each)
        right.addStretch(1)
        both = row(gap=16)
        holder = QWidget()
        holder.setLayout(column(self._settings))
        self._settings_pane = scrolled(holder)
        self._settings_pane.setFixedWidth(WIDTH)
        both.addWidget(self._settings_pane)
        both.addWidget(scrolled(inner), 1)
        self.body.addLayout(both, 1)

    def _connect(self) -> None:
        self._menu.chosen.connect(self._workspace.select)
        self._menu.open_asked.connect(self.file_asked)
        self._formats.chosen.connect(self._show_choice)
        self._formats.table_shown.connect(self._show_table)
        self._charts.measure_asked.connect(self._ask_convert)
        self._settings.context_changed.connect(self._show_prices)
        self._settings.speed_changed.connect(self._show_prices)
        self._settings.shape_changed.connect(self._show_shape)
        self._settings.what_if.changed.connect(self._show_prices)
        self._settings.largest_asked.connect(self._take_largest)
        self._settings.measure_asked.connect(self._measure_again)
        self._speed_desk.changed.connect(self._ask_speeds)
        self._conversions.changed.connect(self._show_choice)
        self._records.noted.connect(self._show_choice)
        workspace = self._workspace
        for signal in (workspace.selected, workspace.model_changed, workspace.models_changed):
            signal.connect(self._show_model)
        workspace.plugins_changed.connect(self._show_model)
        workspace.settings_changed.connect(self._show_model)
        workspace.speeds_changed.connect(self._show_prices)
        workspace.memory_changed.connect(self._show_prices)

    @property
    def _card(self) -> ModelCard | None:
        model = self._workspace.selected_model
        return model.card if model else None

    @property
    def _wish(self) -> Wish:
        settings = self._settings
        return Wish(
            settings.context.tokens,
            settings.kv_type,
            settings.n_threads,
            settings.chat.tokens,
            settings.what_if.ram_bytes,
            settings.what_if.vram_bytes,
            settings.what_if.n_cards,
        )

    @property
    def _is_ready(self) -> bool:
        return self._card is not None and bool(self._workspace.pools) and self.isVisible()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_shape()

    def _show_model(self, path: str = "") -> None:
        self._offer_models()
        if path and path != self._workspace.selected_path:
            return
        model = self._workspace.selected_model
        name = f"{model.name} · {model.type_name}" if model and model.card else "Choose a model"
        self._choose.show_text(name, "Choose a model")
        card = self._card
        for each in (self._settings_pane, self._chosen_card, self._charts):
            each.setVisible(card is not None)
        if card is None:
            self._rows = []
            self._simulated.hide()
            self._graphics_card.hide()
            self._formats.show_rows([], self._prices.ram(self._wish), nothing_words(model))
            return
        wanted = (card.path, self._workspace.context_for(card))
        if wanted != self._priced:
            self._priced = wanted
            self._settings.show_model(card.hyperparameters.context_length, wanted[1])
        self._show_shape()
        if not self.isVisible():
            self._ahead.prepare(card)

    def _offer_models(self) -> None:
        models = self._workspace.models
        choices = [(each.path, f"{each.name} · {each.type_name}") for each in models if each.card is not None]
        self._menu.show_choices(choices)

    def _show_shape(self) -> None:
        """Price what does not depend on the chosen context, then the rest."""
        card = self._card
        if card is None or not self._is_ready:
            return
        wish = self._wish
        rows = self._prices.rows(card, wish)
        self._curves = self._prices.curves(card, wish, rows)
        self._show_rows(card, wish, rows)
        self._ask_speeds()

    def _show_prices(self) -> None:
        card = self._card
        if card is not None and self._is_ready:
            self._show_rows(card, self._wish, self._prices.rows(card, self._wish))

    def _show_rows(self, card: ModelCard, wish: Wish, rows: list[FitRow]) -> None:
        is_new = not self._rows or self._shown_path != card.path
        self._rows, self._shown_path = rows, card.path
        ram = self._prices.ram(wish)
        is_simulated = self._settings.what_if.is_simulated
        self._simulated.setVisible(is_simulated)
        self._formats.show_imagined(is_simulated)
        held = byte_count(ram.held_by_others_bytes)
        about = (
            f"{byte_count(ram.free_bytes)} of {byte_count(ram.total_bytes)} free, other programs hold {held}."
        )
        self.about.show_text(f"As if: {about}" if is_simulated else about)
        are_measured = self._basis(wish.n_threads) in ("measured", "scaled")
        self._formats.show_rows(self._rows, ram, are_measured=are_measured)
        if is_new:
            self._formats.choose(AS_IT_IS)
        self._show_choice()

    def _show_choice(self) -> None:
        name, card, wish = self._formats.name, self._card, self._wish
        found = next((each for each in self._rows if each.quantizer == name), None)
        if found is None or card is None or not self._is_ready:
            return
        of = self._circumstances(card, wish, name)
        self._chosen_title.show_text(f"{name[:1].upper()}{name[1:]}: {found.verdict}")
        self._figures.show_figures(figures(found, of), heading(found, of))
        total = byte_count(found.total_bytes) if found.total_bytes else "—"
        self._settings.show_outcome(total, *speed_words(found, of))
        fits = self._prices.largest(card, name, wish, FITS_SHARE)
        self._settings.context.show_zones(found.largest_context, fits)
        self._settings.show_largest(found.largest_context)
        curves = [Curve(each, points, each == name) for each, points in self._curves.items()]
        self._charts.show_curves(curves, of.ram.free_bytes, wish.context_tokens)
        self._charts.show_formats(card.path, self._rows, name)
        shown = [graphics_figure(name, each) for each in found.graphics]
        self._graphics.show_figures(shown)
        self._graphics_card.setVisible(bool(shown))
        self._show_table()

    def _show_table(self) -> None:
        if self._formats.shows_table and self._card is not None:
            of = {
                each.quantizer: self._circumstances(self._card, self._wish, each.quantizer)
                for each in self._rows
            }
            self._formats.show_table(self._rows, of)

    def _circumstances(self, card: ModelCard, wish: Wish, name: str) -> Circumstances:
        speeds = self._workspace.speeds_for(wish.n_threads)
        return Circumstances(
            card=card,
            context_tokens=self._workspace.context_for(card, wish.context_tokens),
            kv_type=wish.kv_type,
            n_threads=wish.n_threads,
            depth=min(wish.depth, wish.context_tokens),
            prompt_tokens=self._settings.prompt.tokens,
            ram=self._prices.ram(wish),
            basis=self._basis(wish.n_threads),
            busy=speeds.busy if speeds else 0.0,
            bands=self._records.bands,
            conversion=self._conversions.known.get(name),
        )

    def _basis(self, n_threads: int) -> str:
        """Where the speeds come from."""
        known = self._workspace.speeds.get(n_threads)
        if known is not None and known.kinds:
            return "measured"
        if self._workspace.speeds_for(n_threads) is not None:
            return "scaled"
        return "memory" if self._workspace.bandwidth else ""

    def _ask_speeds(self) -> None:
        """Have measured what is not known yet: the model's own kinds of weights first, then its formats'."""
        card = self._card
        stage = self._speed_desk.stage
        self._settings.show_measuring(f"Measuring: {stage}" if stage else "")
        if card is None or not self._is_ready or stage:
            return
        known = self._workspace.speeds.get(self._settings.n_threads)
        own = self._prices.kinds(card)
        kinds = self._prices.all_kinds(card) if known is not None and own <= set(known.kinds) else own
        if not self._speed_desk.want(kinds, self._settings.n_threads):
            names = [self._formats.name, *(each.quantizer for each in self._rows)]
            formats = {each.name for each in self._prices.quantizers}
            self._conversions.want(card.path, [each for each in names if each in formats])

    def _measure_again(self) -> None:
        if self._card is not None:
            self._speed_desk.measure_again(self._prices.all_kinds(self._card), self._settings.n_threads)

    def _take_largest(self) -> None:
        self._settings.context.choose(self._settings.largest)

    def _ask_convert(self) -> None:
        self.convert_asked.emit(self._workspace.selected_path)
