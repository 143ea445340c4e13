"""Writes down what was predicted and what was then measured: loads, answers, conversions."""

from __future__ import annotations

from PySide6.QtCore import QObject

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversion import Converted
from octavo.gui.pricing import price_of
from octavo.gui.workspace import Workspace
from octavo.store.ledger import Ledger, LedgerEntry
from octavo.worker.protocol import LoadReport, Replied

# The first tokens of an answer say little about its speed.
LEAST_TOKENS = 16


class Records(QObject):
    """The ledger's pen."""

    def __init__(self, ledger: Ledger, workspace: Workspace, desk: ChatDesk, parent: QObject) -> None:
        super().__init__(parent)
        self._ledger, self._workspace, self._desk = ledger, workspace, desk
        desk.loaded.connect(self._note_load)
        desk.answered.connect(self._note_answer)

    def note_conversion(self, done: Converted) -> None:
        """Note the size of a new file."""
        self._note("file_bytes", done.output, done.predicted_bytes, done.file_bytes)

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def _note_load(self, report: LoadReport) -> None:
        self._note("memory_bytes", self._desk.path, report.predicted_bytes, report.measured_rss_bytes)

    def _note_answer(self, replied: Replied) -> None:
        model = self._workspace.model(self._desk.path)
        price = price_of(self._workspace, model) if model else None
        if price is not None and price.tokens_per_second and len(replied.tokens) >= LEAST_TOKENS:
            self._note(
                "tokens_per_second", self._desk.path, price.tokens_per_second, replied.tokens_per_second
            )

    def _note(self, kind: str, path: str, predicted: float, measured: float) -> None:
        if predicted <= 0 or measured <= 0:
            return
        model, report = self._workspace.model(path), self._desk.report
        name = model.name if model else path
        told = [model.type_name] if model else []
        if report is not None and path == self._desk.path:
            told += [f"{report.context_tokens} tokens", report.kv_type, f"{report.n_threads} threads"]
        self._ledger.record(LedgerEntry(kind, name, predicted, measured, ", ".join(told)))
