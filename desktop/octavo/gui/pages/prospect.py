"""What the chosen formats would come to: their prices, what making them takes, and where they go."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from octavo.engine.estimate.fit import FitRow
from octavo.engine.measure.figures import Figures
from octavo.gui.forecaster import Forecaster
from octavo.gui.pages.conversion_jobs import ConversionJobs
from octavo.gui.pages.conversion_plan import ConversionPlan
from octavo.gui.pages.format_picker import FormatPicker
from octavo.gui.pages.format_words import outcome_facts
from octavo.gui.pages.obstacles import obstacle, room
from octavo.gui.pricing import parts, price
from octavo.gui.widgets.result_panel import ResultPanel
from octavo.gui.workspace import Workspace


class Prospect(QObject):
    """Fills the panel at the right. ``placed`` tells that the results go elsewhere."""

    placed = Signal()

    def __init__(
        self, page: QWidget, workspace: Workspace, formats: FormatPicker, forecaster: Forecaster
    ) -> None:
        super().__init__(page)
        self._page, self._workspace, self._formats = page, workspace, formats
        self._forecaster = forecaster
        self.plan = ConversionPlan(workspace, formats)
        self.prices: dict[str, FitRow] = {}
        self._obstacle = ""
        self.panel = ResultPanel()
        self.panel.place_asked.connect(self._choose_place)
        self.panel.name_changed.connect(self._take_name)

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each format's file."""
        return {name: row.file_bytes for name, row in self.prices.items()}

    def price(self) -> None:
        """Price all formats anew."""
        model = self._workspace.selected_model
        self.prices = {}
        if model is not None and model.card is not None and self._workspace.pools:
            rows = price(model.card, self._workspace, list(self._formats.asked.values()))
            self.prices = {each.quantizer: each for each in rows[1:]}

    def show(self, quality: tuple[Figures, bool] | None) -> None:
        """Show what the format on view comes to; ``quality`` is what was measured of it."""
        model, quantizer = self._workspace.selected_model, self._formats.quantizer
        card, free = model.card if model else None, self._workspace.ram.free_bytes
        self._obstacle = ""
        found = self.prices.get(quantizer.name) if quantizer else None
        if found is None or card is None or quantizer is None:
            self.panel.show_memory([], 0, free, "", "")
            self.panel.show_disk(0, 0)
            self.panel.show_facts([])
            return
        self.panel.show_memory(parts(found), found.total_bytes, free, found.verdict, found.sentence)
        marked = self._formats.marked
        request, n_bytes = self.plan.request(marked), sum(self.sizes.get(each.name, 0) for each in marked)
        disk, forecast = room(request, n_bytes), self._forecaster.forecast(request)
        self.panel.show_disk(n_bytes, disk.free)
        self.panel.show_facts(outcome_facts(card, found, forecast, quality, n_copies=len(marked)))
        folders = [each.name for each in marked if self._formats.folder_layout(each)]
        is_file = card.container == "gguf"
        self._obstacle = obstacle(request, disk, forecast, free, folders=folders, is_file=is_file)

    def show_target(self) -> None:
        """Show where the format on view goes."""
        model, quantizer = self._workspace.selected_model, self._formats.quantizer
        if model is None or quantizer is None:
            self.panel.show_target("", "")
        else:
            self.panel.show_target(self.plan.target(quantizer).name, str(self.plan.folder))

    def show_types(self) -> None:
        """Size and memory follow in the window of single tensors."""
        name, model = self._formats.list.name, self._workspace.selected_model
        if name in self._formats.asked and model is not None and model.card is not None:
            self._formats.types.show(self._formats.asked[name], model.card, self.prices.get(name))

    def show_ready(self, jobs: ConversionJobs) -> None:
        """Say whether the conversion can start, what its button does, and what stands in the way."""
        marked = self._formats.list.marked
        what = marked[0] if len(marked) == 1 else f"{len(marked)} formats"
        text = f"Add {what} to the queue" if jobs.is_running else f"Convert to {what}"
        is_new = any(not jobs.is_taken(str(self.plan.target(each))) for each in self._formats.marked)
        if marked and not is_new:
            text = f"{what} in the queue already"
        is_ready = is_new and not self._obstacle and all(self.sizes.get(each) for each in marked)
        self.panel.show_ready(is_ready, text if marked else "Convert", is_main=not jobs.has_result)
        self.panel.show_obstacle(self._obstacle if is_new else "")

    def _take_name(self) -> None:
        quantizer = self._formats.quantizer
        if quantizer is not None:
            self._formats.choices.rename(quantizer, self.panel.name.text())

    def _choose_place(self) -> None:
        dialog = QFileDialog(self._page, "Save as", str(self.plan.folder / self.panel.name.text()))
        if self.panel.name.text().endswith(".gguf"):
            dialog.setNameFilter("Models (*.gguf)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        # The page itself asks before it replaces a file.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.fileSelected.connect(self._take_place)
        dialog.open()

    def _take_place(self, name: str) -> None:
        self.plan.choose_folder(Path(name).parent)
        self.panel.show_target(Path(name).name, str(Path(name).parent))
        self._take_name()
        self.placed.emit()
