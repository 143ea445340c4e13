"""Conversions one after another: what waits can change places, what is done stays until it is put away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from octavo.gui.conversion import Conversion, Converted
from octavo.gui.conversion_clock import Pace
from octavo.gui.job import Job, done_jobs, left_job, new_job
from octavo.store.unfinished import Unfinished
from octavo.worker.protocol import Convert, Failed, Forecasted


class JobQueue(QObject):
    """Runs one conversion at a time, each in a child process of its own.

    ``changed`` tells that a job came, went or stands otherwise; ``paced`` that the running one is further;
    ``converted`` comes for each copy, ``took`` once for all of a job, with what was forecast.
    """

    changed = Signal()
    paced = Signal(Job)
    converted = Signal(Converted)
    took = Signal(Job, Forecasted, Converted)

    def __init__(
        self, notes: Unfinished, parent: QObject | None = None, *, command: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self._notes = notes
        self._command = command
        self._conversion: Conversion | None = None
        self.jobs: list[Job] = []

    @property
    def running(self) -> Job | None:
        """The job under way."""
        return next((each for each in self.jobs if each.state in ("running", "stopping")), None)

    @property
    def waiting(self) -> list[Job]:
        """Those that wait, the next one first."""
        return [each for each in self.jobs if each.state == "waiting"]

    @property
    def has_result(self) -> bool:
        """Whether a finished conversion is on view."""
        return any(each.state == "done" for each in self.jobs)

    def is_taken(self, output: str) -> bool:
        """Whether a job that runs or waits writes to ``output``."""
        return any(each.is_open and output in each.outputs for each in self.jobs)

    def add(self, request: Convert, source_name: str) -> Job:
        """Put a conversion at the end of the queue; one that would replace a file without consent is not begun."""
        job = new_job(request, source_name)
        # What failed, or is done, for the same place is of the past.
        self.jobs = [each for each in self.jobs if each.is_open or not set(each.outputs) & set(job.outputs)]
        self.jobs.append(job)
        self._begin_next()
        return job

    def offer_unfinished(self, folders: Iterable[Path]) -> int:
        """Offer to go on with what was killed, and to remove what nobody knows of; return how many there are."""
        found = self._notes.found(folders)
        self.jobs += [left_job(each) for each in found]
        self.changed.emit()
        return len(found)

    def remove_left(self, job: Job) -> None:
        """Delete what a killed conversion has left, and take the job out of the list."""
        try:
            self._notes.remove(job.outputs)
        except OSError as error:
            said = error.strerror or str(error)
            job.failure = Failed(kind="os_error", message=f"It could not be removed: {said}.")
            self.changed.emit()
        else:
            self.cancel(job)

    def again(self, job: Job, *, force: bool = False, allow_damaged: bool = False) -> None:
        """Put a failed job into the queue once more; what a killed one has left is gone on with.

        It may replace files, and set damaged weights to 0, where that is agreed to now or was before.
        """
        if job.state == "failed":
            job.state, job.failure, job.pace = "waiting", None, None
            job.request = msgspec.structs.replace(
                job.request,
                force=force or job.request.force,
                allow_damaged=allow_damaged or job.request.allow_damaged,
            )
            self._begin_next()

    def cancel(self, job: Job) -> None:
        """Stop the running job; take any other out of the list."""
        if job.state == "running" and self._conversion is not None:
            job.state = "stopping"
            self._conversion.cancel()
            self.changed.emit()
        elif job.state != "stopping" and job in self.jobs:
            self.jobs.remove(job)
            self.changed.emit()

    def move(self, job: Job, step: int) -> None:
        """Let a waiting job change places with the one before (-1) or after it (1)."""
        waiting = self.waiting
        place = waiting.index(job) + step if job in waiting else -1
        if 0 <= place < len(waiting):
            here, there = self.jobs.index(job), self.jobs.index(waiting[place])
            self.jobs[here], self.jobs[there] = self.jobs[there], self.jobs[here]
            self.changed.emit()

    def close(self) -> None:
        """Stop at once, for the end of the program; the next window offers to go on with what ran."""
        self.jobs.clear()
        if self._conversion is not None:
            self._conversion.close()

    def _begin_next(self) -> None:
        waiting = self.waiting
        if self._conversion is None and waiting:
            job = waiting[0]
            job.state = "running"
            self._notes.note(job.begun)
            self._conversion = Conversion(job.request, self, command=self._command)
            self._conversion.paced.connect(self._note_pace)
            self._conversion.done.connect(self._note_results)
            self._conversion.failed.connect(self._note_failure)
        self.changed.emit()

    def _note_pace(self, pace: Pace) -> None:
        job = self.running
        if job is not None:
            job.pace = pace
            self.paced.emit(job)

    def _note_results(self, results: list[Converted]) -> None:
        job, forecast = self.running, self._conversion.forecast if self._conversion else None
        if job is not None:
            if forecast is not None and results:
                self.took.emit(job, forecast, results[-1])
            place = self.jobs.index(job)
            self.jobs[place : place + 1] = done_jobs(job, results)
            self._notes.forget(job.outputs)
        self._end()
        for result in results:
            self.converted.emit(result)

    def _note_failure(self, failed: Failed) -> None:
        job = self.running
        if job is not None and failed.kind == "cancelled":
            self.jobs.remove(job)
            self._tidy_up(job)
        elif job is not None:
            job.state, job.failure = "failed", failed
            if failed.kind != "crash":
                self._notes.forget(job.outputs)
        self._end()

    def _tidy_up(self, job: Job) -> None:
        """A child that did not stop in time was killed, and could not clear away what it had written."""
        try:
            self._notes.remove(job.outputs)
        except OSError:  # nothing is lost: the next window offers to remove it
            return

    def _end(self) -> None:
        if self._conversion is not None:
            self._conversion.deleteLater()
        self._conversion = None
        self._begin_next()
