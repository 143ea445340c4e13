"""Which conversion the page would start: of the selected model, to the marked formats, into one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from octavo.engine.quantize.quantizer import Quantizer
from octavo.gui.pages.format_picker import FormatPicker
from octavo.gui.pages.targets import default_folder
from octavo.gui.workspace import Workspace
from octavo.worker.protocol import Convert, Copy


class ConversionPlan:
    """The folder of the results, and the request that the choices come to."""

    def __init__(self, workspace: Workspace, formats: FormatPicker) -> None:
        self._workspace, self._formats = workspace, formats
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the results go: the folder chosen for this model, else as the settings say."""
        model = self._workspace.selected_model
        if self._folder is None and model is not None:
            self._folder = default_folder(model, self._workspace.settings.output_folder)
        return self._folder or Path()

    def choose_folder(self, folder: Path | None) -> None:
        """Take another folder; None goes back to the settings'."""
        self._folder = folder

    def target(self, quantizer: Quantizer) -> Path:
        """Where the copy in a format goes."""
        model = self._workspace.selected_model
        if model is None:
            return self.folder
        layout = self._formats.folder_layout(quantizer)
        return self.folder / self._formats.choices.file_name(model, quantizer, layout=layout)

    def request(self, quantizers: Sequence[Quantizer]) -> Convert:
        """What to ask the engine for: all of them in one pass over the model."""
        copies = [
            Copy(
                quantizer=each.name,
                output=str(self.target(each)),
                options=self._formats.choices.changed(each),
            )
            for each in quantizers
        ]
        return Convert(path=self._workspace.selected_path, copies=copies)
