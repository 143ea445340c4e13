"""The model of the chat: chosen, proposed, loaded as the chat wants it, shown with what it takes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.pages.chat_options import ChatOptions
from octavo.gui.widgets.chat_header import ChatHeader
from octavo.gui.widgets.chat_status import ChatStatus
from octavo.gui.workspace import Workspace
from octavo.worker.protocol import Load


class ChatModel(QObject):
    """Joins the header's chip, the desk and the options.

    Attributes
    ----------
    path : str
        The model that answers the next question; it may not be loaded yet.
    """

    chosen = Signal()
    became_ready = Signal()
    shown = Signal(str)

    def __init__(
        self,
        workspace: Workspace,
        desk: ChatDesk,
        options: ChatOptions,
        header: ChatHeader,
        status: ChatStatus,
    ) -> None:
        super().__init__(header)
        self._workspace, self._desk, self._options = workspace, desk, options
        self._header, self._status = header, status
        self._wanted: Load | None = None
        self.path = ""
        header.model_chosen.connect(self.load)
        desk.state_changed.connect(self._show)
        workspace.models_changed.connect(self._show)
        workspace.model_changed.connect(self._show)
        self._show()

    def load(self, path: str) -> None:
        """Load the model at ``path``, as the chat wants it; no path asks for nothing."""
        if not path:
            return
        self.path = path
        self._workspace.select(path)
        self.chosen.emit()
        self._wanted = self._options.load_request(path)
        self._desk.load(self._wanted)

    def load_as_wanted(self) -> None:
        """Load the model if it is another one, or the chat wants it otherwise, than the one that is loaded."""
        if self.path != self._desk.path or self._wanted != self._options.load_request(self.path):
            self.load(self.path)

    def propose(self, path: str) -> None:
        """Show the model at ``path``; it is loaded once something is typed."""
        model = self._workspace.model(path)
        if model is not None and model.card is not None and not self._desk.is_answering:
            self.path = path
            self._show()

    def adopt(self, path: str) -> None:
        """Answer with the model at ``path``, if none is chosen and this one is known."""
        if not self.path and self._workspace.model(path) is not None:
            self.path = path

    def load_proposed(self) -> None:
        """Load the model on view, unless it is the one that is loaded or has failed."""
        if self.path and self.path != self._desk.path:
            self.load(self.path)

    def show_memory(self, measured_bytes: int) -> None:
        """Show what the loaded model takes, beside what was predicted of it."""
        report = self._desk.report
        self._workspace.show_loaded(measured_bytes)
        self._status.show_memory(report.predicted_bytes if report else 0, measured_bytes)

    def _show(self) -> None:
        models = self._workspace.models
        self._header.show_choices([(each.path, each.name) for each in models if each.card is not None])
        model = self._workspace.model(self.path)
        name = f"{model.name} · {model.type_name}" if model else "Choose a model"
        self.shown.emit(model.name if model else "")
        is_its = model is not None and self.path == self._desk.path
        self._header.chip.show_model(name, self._desk.state if is_its else "empty")
        report = self._desk.report
        self._options.show_report(report)
        if self._desk.state == "ready" and report is not None:
            self.show_memory(report.measured_rss_bytes)
            self.became_ready.emit()
        elif self._desk.state in ("stopped", "empty"):
            self.show_memory(0)
