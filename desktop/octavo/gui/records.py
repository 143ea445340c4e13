"""Writes down what was predicted and what was then measured: loads, answers, conversions."""

from __future__ import annotations

import contextlib

from PySide6.QtCore import QObject, Signal

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.memory import taken_bytes, weights_bytes
from octavo.engine.estimate.program import loading_bytes
from octavo.engine.estimate.speed import SpeedForecast, speed_forecast
from octavo.engine.estimate.speeds import BUSY_SHARE
from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversion import Converted
from octavo.gui.job import Job
from octavo.gui.workspace import Workspace
from octavo.store.ledger import Band, Ledger, LedgerEntry
from octavo.worker.protocol import Forecasted, LoadReport, Replied

# The first tokens of an answer, and a short prompt, say little about the speed.
LEAST_TOKENS, LEAST_PROMPT = 16, 128
# No computer is quicker than it is: so much quicker an answer comes only where something was in the way of the probe.
OUTPACED, SURE_TOKENS = 1.3, 64
# What is over sooner takes the time of starting and ending it.
LEAST_SECONDS = 1.0


class Records(QObject):
    """The ledger's pen.

    ``noted`` tells that something was written; ``outpaced``, with a number of threads, that an answer came so much
    quicker than foretold that the probe must have been wrong.
    """

    noted = Signal()
    outpaced = Signal(int)

    def __init__(self, ledger: Ledger, workspace: Workspace, desk: ChatDesk, parent: QObject) -> None:
        super().__init__(parent)
        self._ledger, self._workspace, self._desk = ledger, workspace, desk
        self._bands: dict[str, Band] | None = None
        desk.loaded.connect(self._note_load)
        desk.answered.connect(self._note_answer)

    @property
    def bands(self) -> dict[str, Band]:
        """How good each kind of estimate has been."""
        if self._bands is None:
            try:
                self._bands = self._ledger.bands()
            except OctavoError:  # estimates are still right without them
                self._bands = {}
        return self._bands

    def note_conversion(self, done: Converted) -> None:
        """Note the size of a new file."""
        self._note("file_bytes", done.output, done.predicted_bytes, done.file_bytes)

    def note_effort(self, job: Job, forecast: Forecasted, done: Converted) -> None:
        """Note the memory and the time of a conversion.

        One that was gone on with had less to do, and one beside busy programs had what those left.
        """
        self._note("convert_bytes", job.request.path, forecast.memory_bytes, done.peak_rss_bytes)
        is_whole = not done.resumed_tensors and done.busy <= BUSY_SHARE
        if is_whole and done.seconds >= LEAST_SECONDS:
            self._note("convert_seconds", job.request.path, forecast.seconds, done.seconds)

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def _note_load(self, report: LoadReport) -> None:
        card, path = self._card, self._desk.path
        if card is not None:
            taken = taken_bytes(
                card, report.context_tokens, kv_type=report.kv_type, n_threads=report.n_threads
            )
            expected = loading_bytes(card, weights_bytes(card, None), report.n_threads, taken_bytes=taken)
            self._note("loading_bytes", path, expected, report.measured_rss_bytes)
        found = self._speed(report, depth=0)
        if found is not None and report.busy <= BUSY_SHARE:
            self._note("load_seconds", path, found.load_seconds, report.load_seconds)

    def _note_answer(self, replied: Replied) -> None:
        report, path = self._desk.report, self._desk.path
        if report is None:
            return
        self._note("memory_bytes", path, report.predicted_bytes, replied.measured_rss_bytes)
        if replied.busy > BUSY_SHARE:  # the speed is that of what others left
            return
        found = self._speed(report, depth=replied.prompt_tokens + len(replied.tokens) // 2)
        if found is not None and len(replied.tokens) >= LEAST_TOKENS:
            self._note("tokens_per_second", path, found.decode, replied.tokens_per_second)
            is_sure = len(replied.tokens) >= SURE_TOKENS
            if is_sure and replied.tokens_per_second > OUTPACED * found.decode:
                self.outpaced.emit(report.n_threads)
        found = self._speed(report, depth=replied.reused_tokens)
        if found is not None and replied.prompt_tokens - replied.reused_tokens >= LEAST_PROMPT:
            self._note("prefill_tokens_per_second", path, found.prefill, replied.prefill_tokens_per_second)

    def _speed(self, report: LoadReport, *, depth: int) -> SpeedForecast | None:
        """What was to be expected of the loaded model; None where its kinds of weights were not probed, or badly."""
        card = self._card
        speeds = self._workspace.speeds.get(report.n_threads)
        if card is None or speeds is None or speeds.is_too_slow:
            return None
        found = speed_forecast(
            card, None, speeds, depth=depth, kv_type=report.kv_type, context_tokens=report.context_tokens
        )
        return None if found.unknown else found

    @property
    def _card(self) -> ModelCard | None:
        model = self._workspace.model(self._desk.path)
        return model.card if model else None

    def _note(self, kind: str, path: str, predicted: float, measured: float) -> None:
        if predicted <= 0 or measured <= 0:
            return
        model, report = self._workspace.model(path), self._desk.report
        name = model.name if model else path
        told = [model.type_name] if model else []
        if report is not None and path == self._desk.path:
            told += [f"{report.context_tokens} tokens", report.kv_type, f"{report.n_threads} threads"]
        with contextlib.suppress(OctavoError):  # what was noted of it is worth less than the answer
            self._ledger.record(LedgerEntry(kind, name, predicted, measured, ", ".join(told)))
        self._bands = None
        self.noted.emit()
