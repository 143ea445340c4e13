"""The conversion that runs, what came of it, and what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.conversion import Conversion, Converted, Pace
from octavo.gui.pages.targets import command_line
from octavo.gui.show_folder import show_in_folder
from octavo.gui.widgets.job_card import DoneCard, JobCard
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.wording import byte_count, duration
from octavo.worker.protocol import Convert, Failed

SUM_CHARACTERS = 16


class ConversionJobs(QWidget):
    """Runs one conversion at a time in a child process.

    ``force_asked`` means: replace the file that is there. ``changed`` tells of every begin and end.
    """

    changed = Signal()
    converted = Signal(str)
    measured = Signal(Converted)
    chat_asked = Signal(str)
    force_asked = Signal()

    def __init__(self, command: Sequence[str] | None = None) -> None:
        super().__init__()
        self._command = command
        self._job, self._done, self._problem = JobCard(), DoneCard(), ProblemCard()
        self._conversion: Conversion | None = None
        self._request: Convert | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for card in (self._job, self._done, self._problem):
            column.addWidget(card)
        self._job.cancel_asked.connect(self._cancel)
        self._done.chat_asked.connect(self._chat)
        self._done.folder_asked.connect(self._show_folder)
        self._done.command_asked.connect(self._copy_command)
        self._problem.primary.clicked.connect(self._force)

    @property
    def is_running(self) -> bool:
        """Whether a conversion runs."""
        return self._conversion is not None

    @property
    def has_result(self) -> bool:
        """Whether a finished conversion is on view."""
        return not self._done.isHidden()

    def start(self, request: Convert) -> None:
        """Convert; where the target exists and ``request`` does not say to replace it, ask first."""
        if self.is_running:
            return
        self.clear()
        if Path(request.output).exists() and not request.force:
            name = Path(request.output).name
            sentence = "Replace it, or choose another name."
            self._problem.show_problem(f"{name} exists already.", sentence, primary="Replace it")
            return
        self._request = request
        self._conversion = Conversion(request, self, command=self._command)
        self._conversion.paced.connect(self._show_pace)
        self._conversion.done.connect(self._show_result)
        self._conversion.failed.connect(self._show_failure)
        self._job.begin(f"Converting to {request.quantizer}")
        self.changed.emit()

    def clear(self) -> None:
        """Take results and problems of earlier conversions away."""
        self._done.hide()
        self._problem.hide()

    def close_jobs(self) -> None:
        """Stop at once, for the end of the program."""
        if self._conversion is not None:
            self._conversion.close()

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
        facts = [byte_count(result.file_bytes)]
        if result.predicted_bytes:
            off = result.file_bytes - result.predicted_bytes
            facts.append("as predicted, to the byte" if not off else f"{off:+,} bytes from prediction")
        facts.append(duration(result.seconds))
        if result.verified:
            facts.append("reopened and checked")
        sum_shown = f"SHA-256 {result.sha256[:SUM_CHARACTERS]}…" if result.sha256 else ""
        self._done.show_result(f"{Path(result.output).name} is ready", facts, sum_shown)
        self._end()
        self.converted.emit(result.output)
        self.measured.emit(result)

    def _show_failure(self, failed: Failed) -> None:
        if failed.kind != "cancelled":
            self._problem.show_problem(failed.message, failed.hint, details=failed.details)
        self._end()

    def _end(self) -> None:
        if self._conversion is not None:
            self._conversion.deleteLater()
        self._conversion = None
        self._job.hide()
        self.changed.emit()

    def _force(self) -> None:
        self._problem.hide()
        self.force_asked.emit()

    def _chat(self) -> None:
        if self._request is not None:
            self.chat_asked.emit(self._request.output)

    def _show_folder(self) -> None:
        if self._request is not None:
            show_in_folder(Path(self._request.output))

    def _copy_command(self) -> None:
        if self._request is not None:
            QGuiApplication.clipboard().setText(command_line(self._request))
