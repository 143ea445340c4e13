"""Make a smaller copy of a model: choose a format, see what it gives, start, watch, use it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QStorageInfo, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QVBoxLayout, QWidget

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.fit import FitRow
from octavo.engine.quantize.quantizer import Quantizer
from octavo.gui.conversion import Conversion, Converted, Pace
from octavo.gui.pages.targets import command_line, default_folder, default_name
from octavo.gui.pricing import WithOptions, parts, price
from octavo.gui.show_folder import show_in_folder
from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.widgets.card import row
from octavo.gui.widgets.format_row import FormatRow
from octavo.gui.widgets.job_card import DoneCard, JobCard
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.options_form import OptionsForm
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.result_panel import ResultPanel
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.widgets.source_card import SourceCard
from octavo.gui.wording import byte_count, count, duration, speed
from octavo.gui.workspace import Workspace
from octavo.worker.protocol import Convert, Failed

RECOMMENDED = "Q4_K_M"


class ConvertPage(Page):
    """The page of conversions; one runs at a time."""

    chat_asked = Signal(str)
    source_asked = Signal()
    converted = Signal(str)

    def __init__(self, workspace: Workspace, command: Sequence[str] | None = None) -> None:
        super().__init__("Convert", "Make a smaller, faster copy of a model. The original is not changed.")
        self._workspace = workspace
        self._command = command
        self._rows: dict[str, FormatRow] = {}
        self._prices: dict[str, FitRow] = {}
        self._group = QButtonGroup(self)
        self._source = SourceCard()
        self._n_plugins = Label("", SMALL, tone="text3")
        self._form, self._panel = OptionsForm(), ResultPanel()
        self._job, self._done, self._problem = JobCard(), DoneCard(), ProblemCard()
        self._folder: Path | None = None
        self._conversion: Conversion | None = None
        self._result: Converted | None = None
        self._arrange()
        self._connect()
        self._show_formats()

    @property
    def is_converting(self) -> bool:
        """Whether a conversion runs."""
        return self._conversion is not None

    def close_jobs(self) -> None:
        """Stop at once, for the end of the program."""
        if self._conversion is not None:
            self._conversion.close()

    def _arrange(self) -> None:
        inner = QWidget()
        left = QVBoxLayout(inner)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(10)
        self._formats = QVBoxLayout()
        self._formats.setSpacing(10)
        left.addWidget(Label("Source", SMALL, SEMIBOLD, "text2"))
        left.addWidget(self._source)
        left.addSpacing(6)
        left.addLayout(row(Label("Format", SMALL, SEMIBOLD, "text2"), None, self._n_plugins))
        left.addLayout(self._formats)
        left.addWidget(self._form)
        left.addSpacing(6)
        for card in (self._job, self._done, self._problem):
            left.addWidget(card)
        left.addStretch(1)
        both = row(gap=16)
        both.addWidget(scrolled(inner), 1)
        both.addWidget(self._panel)
        self.body.addLayout(both, 1)

    def _connect(self) -> None:
        self._group.buttonClicked.connect(self._choose_format)
        self._form.changed.connect(self._show_prices)
        self._source.change_asked.connect(self.source_asked)
        self._source.chosen.connect(self._workspace.select)
        self._panel.convert_asked.connect(self._ask_convert)
        self._panel.place_asked.connect(self._choose_place)
        self._panel.name_changed.connect(self._show_ready)
        self._job.cancel_asked.connect(self._cancel)
        self._done.chat_asked.connect(self._chat_with_result)
        self._done.folder_asked.connect(self._show_result_folder)
        self._done.command_asked.connect(self._copy_command)
        self._problem.primary.clicked.connect(self._replace)
        self._workspace.plugins_changed.connect(self._show_formats)
        self._workspace.selected.connect(self._show_source)
        self._workspace.models_changed.connect(self._show_source)
        self._workspace.model_changed.connect(self._show_source)
        self._workspace.memory_changed.connect(self._show_prices)

    def _quantizers(self) -> list[Quantizer]:
        return self._workspace.host.quantizers() if self._workspace.plugins_loaded else []

    def _quantizer(self) -> Quantizer | None:
        chosen = self._group.checkedButton()
        name = chosen.name if isinstance(chosen, FormatRow) else ""
        return next((each for each in self._quantizers() if each.name == name), None)

    @property
    def _card(self) -> ModelCard | None:
        model = self._workspace.selected_model
        return model.card if model else None

    def _show_formats(self) -> None:
        for old in self._rows.values():
            self._group.removeButton(old)
            old.deleteLater()
        self._rows = {}
        quantizers = sorted(self._quantizers(), key=lambda each: each.name != RECOMMENDED)
        for each in quantizers:
            tag = "Recommended" if each.name == RECOMMENDED else ""
            shown = FormatRow(each.name, each.summary, tag)
            self._rows[each.name] = shown
            self._group.addButton(shown)
            self._formats.addWidget(shown)
        self._n_plugins.show_text(f"{len(quantizers)} formats" if len(quantizers) != 1 else "1 format")
        if quantizers:
            self._rows[quantizers[0].name].setChecked(True)
        self._choose_format()

    def _choose_format(self) -> None:
        quantizer = self._quantizer()
        self._form.show_options(quantizer.Options if quantizer else None)
        self._show_target()
        self._show_prices()

    def _show_source(self, path: str = "") -> None:
        if path and path != self._workspace.selected_path:
            return
        model = self._workspace.selected_model
        others = [(each.path, each.name) for each in self._workspace.models if each.card is not None]
        self._source.show_choices(others)
        if model is None or model.card is None:
            self._source.show_source("No model chosen", "Choose one of your models, or drop one here.", "box")
        else:
            card = model.card
            kind = "Safetensors folder" if model.is_folder else "GGUF file"
            facts = [kind, card.type_name, byte_count(card.file_bytes), f"{count(len(card.tensors))} tensors"]
            self._source.show_source(model.name, " · ".join(facts), "folder" if model.is_folder else "box")
        self._folder = None
        self._problem.hide()
        self._show_target()
        self._show_prices()

    def _show_target(self) -> None:
        model, quantizer = self._workspace.selected_model, self._quantizer()
        if model is None or quantizer is None:
            self._panel.show_target("", "")
            return
        self._folder = self._folder or default_folder(model, self._workspace.settings.output_folder)
        self._panel.show_target(default_name(model, quantizer.name), str(self._folder))

    def _show_prices(self) -> None:
        card = self._card
        self._prices = {}
        if card is not None and self._workspace.pools:
            chosen = self._quantizer()
            asked: list[Quantizer] = [
                WithOptions(each, self._form.value()) if each is chosen else each
                for each in self._quantizers()
            ]
            rows = price(card, self._workspace, asked)[1:]
            self._prices = {each.quantizer: each for each in rows}
        for name, shown in self._rows.items():
            self._show_price(shown, self._prices.get(name))
        self._show_outcome()

    def _show_price(self, shown: FormatRow, found: FitRow | None) -> None:
        if found is None:
            shown.show_figures("—", "—", "—")
        elif not found.file_bytes:
            shown.show_problem(found.sentence)
        else:
            memory = byte_count(found.total_bytes) if found.total_bytes else "—"
            how_fast = f"≈{speed(found.tokens_per_second)}" if found.tokens_per_second else "—"
            shown.show_figures(byte_count(found.file_bytes), memory, how_fast)

    def _show_outcome(self) -> None:
        quantizer, card = self._quantizer(), self._card
        found = self._prices.get(quantizer.name) if quantizer else None
        free = self._workspace.ram.free_bytes
        if found is None or card is None:
            self._panel.show_memory([], 0, free, "", "")
            self._panel.show_disk(0, 0)
            self._panel.show_facts([])
        else:
            self._panel.show_memory(parts(found), found.total_bytes, free, found.verdict, found.sentence)
            self._panel.show_disk(found.file_bytes, self._disk_free())
            change = found.file_bytes / max(card.file_bytes, 1) - 1
            self._panel.show_facts(
                [
                    ("Original", byte_count(card.file_bytes)),
                    (
                        "Converted, exactly",
                        f"{byte_count(found.file_bytes)}  ({change:+.0%})".replace("-", "−"),
                    ),
                    ("Bits per weight", f"{8 * found.file_bytes / max(card.n_parameters, 1):.2f}"),
                ]
            )
        self._show_ready()

    def _disk_free(self) -> int:
        folder = self._folder
        return QStorageInfo(str(folder)).bytesAvailable() if folder else 0

    def _show_ready(self) -> None:
        quantizer = self._quantizer()
        ready = (
            quantizer is not None and quantizer.name in self._prices and bool(self._panel.name.text().strip())
        )
        if self.is_converting:
            self._panel.show_ready(False, "Converting…")
        else:
            self._panel.show_ready(ready, f"Convert to {quantizer.name}" if quantizer else "Convert")

    def _target(self) -> Path:
        name = self._panel.name.text().strip()
        return (self._folder or Path()) / (name if name.endswith(".gguf") else f"{name}.gguf")

    def _ask_convert(self) -> None:
        target = self._target()
        if target.exists():
            self._problem.show_problem(
                f"{target.name} exists already.",
                "Replace it, or choose another name.",
                primary="Replace it",
            )
            return
        self._start(force=False)

    def _replace(self) -> None:
        self._problem.hide()
        self._start(force=True)

    def _start(self, *, force: bool) -> None:
        quantizer = self._quantizer()
        if quantizer is None or self.is_converting:
            return
        self._problem.hide()
        self._done.hide()
        request = Convert(
            path=self._workspace.selected_path,
            quantizer=quantizer.name,
            output=str(self._target()),
            options=dataclasses.asdict(options) if (options := self._form.value()) is not None else {},
            force=force,
        )
        self._conversion = Conversion(request, self, command=self._command)
        self._conversion.paced.connect(self._show_pace)
        self._conversion.done.connect(self._show_result)
        self._conversion.failed.connect(self._show_failure)
        self._job.begin(f"Converting to {quantizer.name}")
        self._show_ready()

    def _cancel(self) -> None:
        if self._conversion is not None:
            self._job.show_stopping()
            self._conversion.cancel()

    def _show_pace(self, pace: Pace) -> None:
        told = [f"{pace.number} of {pace.n_tensors} tensors"] if pace.n_tensors else []
        if pace.bytes_per_second:
            told.append(f"{byte_count(pace.bytes_per_second)}/s")
        left = f"{duration(pace.seconds_left)} left" if pace.seconds_left is not None else ""
        self._job.show_progress(pace.share, pace.tensor, "  ·  ".join(told), left)

    def _show_result(self, result: Converted) -> None:
        self._end()
        self._result = result
        facts = [byte_count(result.file_bytes), duration(result.seconds)]
        if result.predicted_bytes:
            off = result.file_bytes - result.predicted_bytes
            facts.insert(1, "size as predicted to the byte" if not off else f"{off:+,} bytes from prediction")
        if result.verified:
            facts.append("reopened and checked")
        name = Path(result.output).name
        self._done.show_result(
            f"{name} is ready", facts, f"SHA-256 {result.sha256[:16]}…" if result.sha256 else ""
        )
        self.converted.emit(result.output)

    def _show_failure(self, failed: Failed) -> None:
        self._end()
        if failed.kind != "cancelled":
            self._problem.show_problem(failed.message, failed.hint, details=failed.details)

    def _end(self) -> None:
        if self._conversion is not None:
            self._conversion.deleteLater()
        self._conversion = None
        self._job.hide()
        self._show_ready()

    def _choose_place(self) -> None:
        dialog = QFileDialog(self, "Save as", str(self._target()), "Models (*.gguf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.fileSelected.connect(self._take_place)
        dialog.open()

    def _take_place(self, name: str) -> None:
        self._folder = Path(name).parent
        self._panel.show_target(Path(name).name, str(self._folder))
        self._show_outcome()

    def _chat_with_result(self) -> None:
        if self._result is not None:
            self.chat_asked.emit(self._result.output)

    def _show_result_folder(self) -> None:
        if self._result is not None:
            show_in_folder(Path(self._result.output))

    def _copy_command(self) -> None:
        if self._result is not None:
            quantizer = self._quantizer()
            QGuiApplication.clipboard().setText(
                command_line(
                    self._workspace.selected_path, quantizer.name if quantizer else "", self._result.output
                )
            )
