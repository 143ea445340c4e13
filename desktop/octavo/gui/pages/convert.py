"""Make smaller copies of a model: choose formats, see what they give, measure, start, watch, use them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.forecaster import Forecaster
from octavo.gui.measurer import Measurer, Wish
from octavo.gui.pages.conversion_jobs import ConversionJobs, copy_command
from octavo.gui.pages.format_picker import FormatPicker
from octavo.gui.pages.format_words import show_quality, show_row
from octavo.gui.pages.model_facts import source_line
from octavo.gui.pages.prospect import Prospect
from octavo.gui.pages.quality_panel import QualityPanel
from octavo.gui.pages.source_notes import requantizing_note
from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.widgets.card import row
from octavo.gui.widgets.focus_keeper import FocusKeeper
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.widgets.source_card import SourceCard
from octavo.gui.workspace import Workspace


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
        self._workspace = workspace
        self._source_path = ""
        self._output_folder = workspace.settings.output_folder
        self._source, self.formats = SourceCard(), FormatPicker(workspace)
        self._note = Label("", SMALL, tone="warn", wrap=True)
        self.jobs, self.quality = ConversionJobs(command), QualityPanel(measurer)
        self.prospect = Prospect(self, workspace, self.formats, forecaster)
        self._arrange()
        FocusKeeper(self.jobs, self)
        self._connect(forecaster)
        self.formats.show_formats()
        self._show_source()

    def _arrange(self) -> None:
        inner = QWidget()
        left = QVBoxLayout(inner)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(8)
        left.addWidget(Label("Source", SMALL, SEMIBOLD, "text2"))
        left.addWidget(self._source)
        left.addWidget(self._note)
        left.addSpacing(6)
        for widget in (self.formats, self.jobs, self.quality):
            left.addWidget(widget)
        left.addStretch(1)
        self._area = scrolled(inner)
        both = row(gap=16)
        both.addWidget(self._area, 1)
        both.addWidget(self.prospect.panel)
        self.body.addLayout(both, 1)

    def _connect(self, forecaster: Forecaster) -> None:
        self.formats.viewed.connect(self._show_format)
        self.formats.marks_changed.connect(self._show_outcome)
        self.formats.replanned.connect(self._take_plans)
        self._source.change_asked.connect(self.source_asked)
        self._source.chosen.connect(self._workspace.select)
        self.prospect.panel.convert_asked.connect(self._start)
        self.prospect.panel.command_asked.connect(self._copy_commands)
        self.prospect.panel.name_changed.connect(self._show_ready)
        self.prospect.placed.connect(self._show_outcome)
        self.jobs.changed.connect(self._show_ready)
        self.jobs.converted.connect(self._look_at_newest)
        self.quality.figured.connect(self._show_quality)
        forecaster.changed.connect(self._show_outcome)
        self._workspace.selected.connect(self._show_source)
        self._workspace.models_changed.connect(self._show_source)
        self._workspace.model_changed.connect(self._show_changed)
        self._workspace.memory_changed.connect(self._show_prices)
        self._workspace.settings_changed.connect(self._follow_settings)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_prices()

    def _show_format(self) -> None:
        self.prospect.show_target()
        self._show_prices()

    def _take_plans(self) -> None:
        """The source, the formats or their options are others; a file may have become a folder."""
        path, choices = self._workspace.selected_path, self.formats.choices
        wishes = [
            Wish(path, each.name, choices.changed(each), choices.quick(each))
            for each in self.formats.quantizers
            if path
        ]
        self.quality.show_source(path, wishes)
        self._show_format()

    def _show_changed(self, path: str) -> None:
        if path == self._workspace.selected_path:
            self._show_source()
        else:
            self._show_choices()

    def _show_source(self) -> None:
        model = self._workspace.selected_model
        self._show_choices()
        note = requantizing_note(model.card if model else None)
        self._note.show_text(note)
        self._note.setVisible(bool(note))
        if model is None:
            self._source.show_source("No model chosen", "Choose one of your models, or drop one here.", "box")
        else:
            self._source.show_source(model.name, source_line(model), "folder" if model.is_folder else "box")
        if self._workspace.selected_path != self._source_path:
            self._source_path = self._workspace.selected_path
            self.prospect.plan.choose_folder(None)
            self.formats.forget_source()
        self._show_prices()

    def _show_choices(self) -> None:
        models = self._workspace.models
        self._source.show_choices([(each.path, each.name) for each in models if each.card is not None])

    def _follow_settings(self) -> None:
        """The default context changes prices; another folder changes where the result goes."""
        if self._workspace.settings.output_folder != self._output_folder:
            self._output_folder = self._workspace.settings.output_folder
            self.prospect.plan.choose_folder(None)
            self.prospect.show_target()
        self._show_prices()

    def _show_prices(self) -> None:
        if not self.isVisible():  # priced when it is looked at
            return
        self.prospect.price()
        for name, shown in self.formats.list.rows.items():
            show_row(shown, self.prospect.prices.get(name))
        self._show_quality()

    def _show_quality(self) -> None:
        found = {name: self.quality.figures(name) for name in self.formats.list.rows}
        for name, shown in self.formats.list.rows.items():
            show_quality(shown, found[name])
            shown.show_quality_column(any(found.values()))
        self._show_outcome()

    def _show_outcome(self) -> None:
        name = self.formats.list.name
        self.quality.show_formats(name, self.formats.list.marked, self.prospect.sizes)
        self.prospect.show(self.quality.figures(name))
        self.prospect.show_types()
        self._show_ready()

    def _show_ready(self) -> None:
        self.formats.show_changes()
        self.prospect.show_ready(self.jobs)

    def _start(self) -> None:
        """Make all that is marked in one pass, but for what is being made already."""
        model, plan = self._workspace.selected_model, self.prospect.plan
        wanted = [each for each in self.formats.marked if not self.jobs.is_taken(str(plan.target(each)))]
        if model is not None and wanted:
            self.jobs.start(plan.request(wanted), model.name)
        self._look_at_newest()

    def _look_at_newest(self) -> None:
        """Bring the newest job into view, once it has its place."""
        QTimer.singleShot(0, self.jobs, self._show_newest)

    def _show_newest(self) -> None:
        newest = self.jobs.newest
        if newest is not None:
            self._area.ensureWidgetVisible(newest)

    def _copy_commands(self) -> None:
        copy_command(self.prospect.plan.request(self.formats.marked))
