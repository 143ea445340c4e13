"""Make smaller copies of a model: choose formats, see what they give, measure, start, watch, use them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QStorageInfo, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.fit import FitRow
from octavo.engine.quantize.quantizer import Quantizer
from octavo.gui.forecaster import Forecaster
from octavo.gui.measurer import Measurer, Wish
from octavo.gui.pages.conversion_jobs import ConversionJobs, copy_commands
from octavo.gui.pages.conversion_plan import ConversionPlan
from octavo.gui.pages.format_choices import FormatChoices, rules_field
from octavo.gui.pages.format_settings import FormatSettings
from octavo.gui.pages.format_words import formats_of, outcome_facts, show_quality, show_row
from octavo.gui.pages.model_facts import source_line
from octavo.gui.pages.quality_panel import QualityPanel
from octavo.gui.pages.tensor_types_desk import TensorTypesDesk
from octavo.gui.pricing import WithOptions, parts, price
from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.widgets.card import row
from octavo.gui.widgets.format_list import FormatList
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.result_panel import ResultPanel
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.widgets.source_card import SourceCard
from octavo.gui.workspace import Workspace
from octavo.worker.protocol import Convert


class ConvertPage(Page):
    """The page of conversions."""

    source_asked = Signal()

    def __init__(
        self,
        workspace: Workspace,
        measurer: Measurer,
        forecaster: Forecaster,
        command: Sequence[str] | None = None,
    ) -> None:
        super().__init__("Convert", "Make a smaller, faster copy of a model. The original is not changed.")
        self._workspace, self._forecaster = workspace, forecaster
        self._prices: dict[str, FitRow] = {}
        self._asked: dict[str, WithOptions] = {}
        self._source_path = ""
        self._output_folder = workspace.settings.output_folder
        self._choices = FormatChoices()
        self._plan = ConversionPlan(workspace, self._choices)
        self._source, self._formats, self._settings = SourceCard(), FormatList(), FormatSettings()
        self._n_formats = Label("", SMALL, tone="text3")
        self.jobs, self.quality = ConversionJobs(command), QualityPanel(measurer)
        self._types = TensorTypesDesk(self)
        self._panel = ResultPanel()
        self._arrange()
        self._connect()
        self._show_formats()
        self._show_source()

    def _arrange(self) -> None:
        inner = QWidget()
        left = QVBoxLayout(inner)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(8)
        left.addWidget(Label("Source", SMALL, SEMIBOLD, "text2"))
        left.addWidget(self._source)
        left.addSpacing(6)
        left.addLayout(row(Label("Format", SMALL, SEMIBOLD, "text2"), None, self._n_formats))
        for widget in (self._formats, self._settings, self.jobs, self.quality):
            left.addWidget(widget)
        left.addStretch(1)
        self._area = scrolled(inner)
        both = row(gap=16)
        both.addWidget(self._area, 1)
        both.addWidget(self._panel)
        self.body.addLayout(both, 1)

    def _connect(self) -> None:
        self._formats.chosen.connect(self._show_format)
        self._formats.marks_changed.connect(self._show_outcome)
        self._settings.changed.connect(self._take_options)
        self._settings.types_asked.connect(self._open_types)
        self._types.changed.connect(self._take_rules)
        self._source.change_asked.connect(self.source_asked)
        self._source.chosen.connect(self._workspace.select)
        self._panel.convert_asked.connect(self._start)
        self._panel.command_asked.connect(self._copy_commands)
        self._panel.place_asked.connect(self._choose_place)
        self._panel.name_changed.connect(self._take_name)
        self.jobs.changed.connect(self._show_ready)
        self.quality.figured.connect(self._show_quality)
        self._forecaster.changed.connect(self._show_outcome)
        self._workspace.plugins_changed.connect(self._show_formats)
        self._workspace.selected.connect(self._show_source)
        self._workspace.models_changed.connect(self._show_source)
        self._workspace.model_changed.connect(self._show_changed)
        self._workspace.memory_changed.connect(self._show_prices)
        self._workspace.settings_changed.connect(self._follow_settings)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_prices()

    @property
    def _quantizers(self) -> list[Quantizer]:
        return self._workspace.host.quantizers() if self._workspace.plugins_loaded else []

    @property
    def _quantizer(self) -> Quantizer | None:
        return self._named(self._formats.name)

    def _named(self, name: str) -> Quantizer | None:
        return next((each for each in self._quantizers if each.name == name), None)

    @property
    def _card(self) -> ModelCard | None:
        model = self._workspace.selected_model
        return model.card if model else None

    def _show_formats(self) -> None:
        formats = formats_of(self._quantizers, self._workspace)
        self._formats.show_formats(formats)
        self._n_formats.show_text("1 format" if len(formats) == 1 else f"{len(formats)} formats")
        self._ask_anew()
        self._show_format()

    def _show_format(self) -> None:
        quantizer = self._quantizer
        if quantizer is not None:
            chosen, has_rules = self._choices.options(quantizer), bool(rules_field(quantizer))
            self._settings.show_options(quantizer.name, quantizer.Options, chosen, has_rules=has_rules)
        self._settings.setVisible(quantizer is not None and quantizer.Options is not None)
        self._show_target()
        self._show_prices()

    def _take_options(self) -> None:
        quantizer = self._quantizer
        if quantizer is not None:
            self._choices.choose(quantizer, self._settings.form.value())
            self._ask_anew()
            self._show_prices()

    def _open_types(self) -> None:
        quantizer, card = self._quantizer, self._card
        if quantizer is not None and card is not None:
            self._types.open(card, quantizer.name, self._choices.rules(quantizer))
            self._show_types()

    def _take_rules(self, rules: str) -> None:
        quantizer = self._quantizer
        if quantizer is not None:
            self._choices.choose_rules(quantizer, rules)
            self._ask_anew()
            self._show_format()

    def _ask_anew(self) -> None:
        """Plan again: the source, the formats or their options are others."""
        self._asked = {each.name: WithOptions(each, self._choices.options(each)) for each in self._quantizers}
        path = self._workspace.selected_path
        wishes = [Wish(path, each.name, self._choices.changed(each)) for each in self._quantizers if path]
        self.quality.show_source(path, wishes)

    def _show_changed(self, path: str) -> None:
        if path == self._workspace.selected_path:
            self._show_source()
        else:
            self._show_choices()

    def _show_source(self) -> None:
        model = self._workspace.selected_model
        self._show_choices()
        if model is None:
            self._source.show_source("No model chosen", "Choose one of your models, or drop one here.", "box")
        else:
            self._source.show_source(model.name, source_line(model), "folder" if model.is_folder else "box")
        if self._workspace.selected_path != self._source_path:
            self._source_path = self._workspace.selected_path
            self._plan.choose_folder(None)
            self._choices.forget_source(self._quantizers)
            self._ask_anew()
            self._show_format()
        self._show_prices()

    def _show_choices(self) -> None:
        models = self._workspace.models
        self._source.show_choices([(each.path, each.name) for each in models if each.card is not None])

    def _follow_settings(self) -> None:
        """The default context changes prices; another folder changes where the result goes."""
        if self._workspace.settings.output_folder != self._output_folder:
            self._output_folder = self._workspace.settings.output_folder
            self._plan.choose_folder(None)
            self._show_target()
        self._show_prices()

    def _show_target(self) -> None:
        model, quantizer = self._workspace.selected_model, self._quantizer
        if model is None or quantizer is None:
            self._panel.show_target("", "")
        else:
            self._panel.show_target(self._plan.target(quantizer).name, str(self._plan.folder))

    def _show_prices(self) -> None:
        if not self.isVisible():  # priced when it is looked at
            return
        card = self._card
        self._prices = {}
        if card is not None and self._workspace.pools:
            rows = price(card, self._workspace, list(self._asked.values()))
            self._prices = {each.quantizer: each for each in rows[1:]}
        for name, shown in self._formats.rows.items():
            show_row(shown, self._prices.get(name))
        self._show_quality()

    def _show_quality(self) -> None:
        for name, shown in self._formats.rows.items():
            show_quality(shown, self.quality.figures(name))
        self._show_outcome()

    def _show_outcome(self) -> None:
        name, card = self._formats.name, self._card
        found, free = self._prices.get(name), self._workspace.ram.free_bytes
        sizes = {each: row.file_bytes for each, row in self._prices.items()}
        self.quality.show_formats(name, self._formats.marked, sizes)
        if found is None or card is None:
            self._panel.show_memory([], 0, free, "", "")
            self._panel.show_disk(0, 0)
            self._panel.show_facts([])
        else:
            self._panel.show_memory(parts(found), found.total_bytes, free, found.verdict, found.sentence)
            disk = QStorageInfo(str(self._plan.folder))
            n_bytes = sum(sizes.get(each, 0) for each in self._formats.marked)
            self._panel.show_disk(n_bytes, max(disk.bytesAvailable(), 0))
            asked = self._plan.requests([each for each in [self._quantizer] if each is not None])
            forecast = self._forecaster.forecast(asked[0])
            self._panel.show_facts(outcome_facts(card, found, forecast, self.quality.figures(name)))
        self._show_types()
        self._show_ready()

    def _show_types(self) -> None:
        """Size and memory follow in the window of single tensors."""
        name, card = self._formats.name, self._card
        if name in self._asked and card is not None:
            self._types.show(self._asked[name], card, self._prices.get(name))

    def _show_ready(self) -> None:
        marked = self._formats.marked
        quantizer = self._quantizer
        if quantizer is not None:
            self._settings.show_changes(self._choices.changed(quantizer))
        is_ready = bool(marked) and all(
            each in self._prices and self._prices[each].file_bytes for each in marked
        )
        what = marked[0] if len(marked) == 1 else f"{len(marked)} formats"
        text = f"Add {what} to the queue" if self.jobs.is_running else f"Convert to {what}"
        self._panel.show_ready(is_ready, text if marked else "Convert", is_main=not self.jobs.has_result)

    def _requests(self) -> list[Convert]:
        """The conversions that are marked."""
        quantizers = (self._named(each) for each in self._formats.marked)
        return self._plan.requests([each for each in quantizers if each is not None])

    def _start(self) -> None:
        model = self._workspace.selected_model
        for request in self._requests():
            if model is not None and not self.jobs.is_taken(request.output):
                self.jobs.start(request, model.name)
        self._area.ensureWidgetVisible(self.jobs)

    def _copy_commands(self) -> None:
        copy_commands(self._requests())

    def _take_name(self) -> None:
        quantizer = self._quantizer
        if quantizer is not None:
            self._choices.rename(quantizer, self._panel.name.text())
        self._show_ready()

    def _choose_place(self) -> None:
        dialog = QFileDialog(self, "Save as", str(self._plan.folder / self._panel.name.text()))
        dialog.setNameFilter("Models (*.gguf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        # The page itself asks before it replaces a file.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.fileSelected.connect(self._take_place)
        dialog.open()

    def _take_place(self, name: str) -> None:
        self._plan.choose_folder(Path(name).parent)
        self._panel.show_target(Path(name).name, str(Path(name).parent))
        self._take_name()
        self._show_outcome()
