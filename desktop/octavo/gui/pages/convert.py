"""Make a smaller copy of a model: choose a format, see what it gives, start, watch, use it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QStorageInfo, Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.fit import FitRow
from octavo.engine.quantize.options import changed_options
from octavo.engine.quantize.quantizer import Quantizer
from octavo.gui.markdown.clean_text import clean
from octavo.gui.pages.conversion_jobs import ConversionJobs
from octavo.gui.pages.model_facts import source_line
from octavo.gui.pages.targets import default_folder, default_name
from octavo.gui.pricing import WithOptions, parts, price
from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.widgets.card import row
from octavo.gui.widgets.format_list import FormatList
from octavo.gui.widgets.format_row import FormatRow
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.options_form import OptionsForm
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.result_panel import ResultPanel
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.widgets.source_card import SourceCard
from octavo.gui.wording import byte_count, likely_speed
from octavo.gui.workspace import Workspace
from octavo.worker.protocol import Convert

RECOMMENDED = "Q4_K_M"


class ConvertPage(Page):
    """The page of conversions; one runs at a time."""

    source_asked = Signal()

    def __init__(self, workspace: Workspace, command: Sequence[str] | None = None) -> None:
        super().__init__("Convert", "Make a smaller, faster copy of a model. The original is not changed.")
        self._workspace = workspace
        self._prices: dict[str, FitRow] = {}
        self._folder: Path | None = None
        self._source_path = ""
        self._output_folder = workspace.settings.output_folder
        self._source, self._formats, self._form = SourceCard(), FormatList(), OptionsForm()
        self._n_formats = Label("", SMALL, tone="text3")
        self.jobs = ConversionJobs(command)
        self._panel = ResultPanel()
        self._arrange()
        self._connect()
        self._show_formats()
        self._show_source()

    def _arrange(self) -> None:
        inner = QWidget()
        left = QVBoxLayout(inner)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(10)
        left.addWidget(Label("Source", SMALL, SEMIBOLD, "text2"))
        left.addWidget(self._source)
        left.addSpacing(6)
        left.addLayout(row(Label("Format", SMALL, SEMIBOLD, "text2"), None, self._n_formats))
        left.addWidget(self._formats)
        left.addWidget(self._form)
        left.addSpacing(6)
        left.addWidget(self.jobs)
        left.addStretch(1)
        both = row(gap=16)
        both.addWidget(scrolled(inner), 1)
        both.addWidget(self._panel)
        self.body.addLayout(both, 1)

    def _connect(self) -> None:
        self._formats.chosen.connect(self._show_format)
        self._form.changed.connect(self._show_prices)
        self._source.change_asked.connect(self.source_asked)
        self._source.chosen.connect(self._workspace.select)
        self._panel.convert_asked.connect(self._start)
        self._panel.place_asked.connect(self._choose_place)
        self._panel.name_changed.connect(self._show_ready)
        self.jobs.force_asked.connect(self._start_anew)
        self.jobs.changed.connect(self._show_ready)
        self._workspace.plugins_changed.connect(self._show_formats)
        self._workspace.selected.connect(self._show_source)
        self._workspace.models_changed.connect(self._show_source)
        self._workspace.model_changed.connect(self._show_changed)
        self._workspace.memory_changed.connect(self._show_prices)
        self._workspace.settings_changed.connect(self._follow_settings)

    @property
    def _quantizers(self) -> list[Quantizer]:
        return self._workspace.host.quantizers() if self._workspace.plugins_loaded else []

    @property
    def _quantizer(self) -> Quantizer | None:
        return next((each for each in self._quantizers if each.name == self._formats.name), None)

    @property
    def _card(self) -> ModelCard | None:
        model = self._workspace.selected_model
        return model.card if model else None

    def _show_formats(self) -> None:
        quantizers = sorted(self._quantizers, key=lambda each: each.name != RECOMMENDED)
        self._formats.show_formats(
            [
                (clean(each.name), clean(each.summary), "Recommended" if each.name == RECOMMENDED else "")
                for each in quantizers
            ]
        )
        n_formats = len(quantizers)
        self._n_formats.show_text("1 format" if n_formats == 1 else f"{n_formats} formats")
        self._show_format()

    def _show_format(self) -> None:
        quantizer = self._quantizer
        self._form.show_options(quantizer.Options if quantizer else None)
        self.jobs.clear()
        self._show_target()
        self._show_prices()

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
            self._folder = None
            self.jobs.clear()
            self._show_target()
        self._show_prices()

    def _show_choices(self) -> None:
        models = self._workspace.models
        self._source.show_choices([(each.path, each.name) for each in models if each.card is not None])

    def _follow_settings(self) -> None:
        """The default context changes prices; another folder changes where the result goes."""
        if self._workspace.settings.output_folder != self._output_folder:
            self._output_folder = self._workspace.settings.output_folder
            self._folder = None
            self._show_target()
        self._show_prices()

    def _show_target(self) -> None:
        model, quantizer = self._workspace.selected_model, self._quantizer
        if model is None or quantizer is None:
            self._panel.show_target("", "")
            return
        self._folder = self._folder or default_folder(model, self._workspace.settings.output_folder)
        self._panel.show_target(default_name(model, quantizer.name), str(self._folder))

    def _show_prices(self) -> None:
        card = self._card
        self._prices = {}
        if card is not None and self._workspace.pools:
            chosen = self._quantizer
            asked: list[Quantizer] = [
                WithOptions(each, self._form.value()) if each is chosen else each for each in self._quantizers
            ]
            self._prices = {each.quantizer: each for each in price(card, self._workspace, asked)[1:]}
        for name, shown in self._formats.rows.items():
            _show_price(shown, self._prices.get(name))
        self._show_outcome()

    def _show_outcome(self) -> None:
        found, card = self._prices.get(self._formats.name), self._card
        free = self._workspace.ram.free_bytes
        if found is None or card is None:
            self._panel.show_memory([], 0, free, "", "")
            self._panel.show_disk(0, 0)
            self._panel.show_facts([])
        else:
            self._panel.show_memory(parts(found), found.total_bytes, free, found.verdict, found.sentence)
            disk = QStorageInfo(str(self._folder)) if self._folder else QStorageInfo()
            self._panel.show_disk(found.file_bytes, max(disk.bytesAvailable(), 0))
            change = found.file_bytes / max(card.file_bytes, 1) - 1
            size = f"{byte_count(found.file_bytes)}  ({change:+.0%})".replace("-", "−")
            bits = 8 * found.file_bytes / max(card.n_parameters, 1)
            self._panel.show_facts(
                [
                    ("Original", byte_count(card.file_bytes)),
                    ("Converted, exactly", size),
                    ("Bits per weight", f"{bits:.2f}"),
                ]
            )
        self._show_ready()

    def _show_ready(self) -> None:
        name = self._formats.name
        if self.jobs.is_running:
            self._panel.show_ready(False, "Converting…", is_main=True)
        else:
            ready = name in self._prices and bool(self._panel.name.text().strip())
            text = f"Convert to {name}" if name else "Convert"
            self._panel.show_ready(ready, text, is_main=not self.jobs.has_result)

    def _target(self) -> Path:
        name = self._panel.name.text().strip()
        return (self._folder or Path()) / (name if name.endswith(".gguf") else f"{name}.gguf")

    def _start(self) -> None:
        self._convert(force=False)

    def _start_anew(self) -> None:
        self._convert(force=True)

    def _convert(self, *, force: bool) -> None:
        self.jobs.start(
            Convert(
                path=self._workspace.selected_path,
                quantizer=self._formats.name,
                output=str(self._target()),
                options=changed_options(self._form.value()),
                force=force,
            )
        )

    def _choose_place(self) -> None:
        dialog = QFileDialog(self, "Save as", str(self._target()), "Models (*.gguf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        # The page itself asks before it replaces a file.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.fileSelected.connect(self._take_place)
        dialog.open()

    def _take_place(self, name: str) -> None:
        self._folder = Path(name).parent
        self._panel.show_target(Path(name).name, str(self._folder))
        self._show_outcome()


def _show_price(shown: FormatRow, found: FitRow | None) -> None:
    if found is None:
        shown.show_figures("—", "—", "—")
    elif not found.file_bytes:
        shown.show_problem(clean(found.sentence))
    else:
        memory = byte_count(found.total_bytes) if found.total_bytes else "—"
        how_fast = likely_speed(found.tokens_per_second) or "—"
        shown.show_figures(byte_count(found.file_bytes), memory, how_fast)
