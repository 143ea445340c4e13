"""Conversions one after another: what waits can change places, what is done stays until it is put away."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from octavo.gui.conversion import Conversion, Converted, Pace
from octavo.gui.wording import byte_count
from octavo.store.unfinished import Begun, Unfinished, left_bytes
from octavo.worker.protocol import Convert, Failed

EXISTS, INTERRUPTED, LEFTOVER = "exists", "interrupted", "leftover"
_numbers = itertools.count(1)


class Job:
    """One conversion and how it stands.

    Attributes
    ----------
    state : str
        ``waiting``, ``running``, ``stopping``, ``done`` or ``failed``.
    pace : Pace or None
        While it runs.
    result : Converted or None
        When it is done.
    failure : Failed or None
        When it has failed; of the kind ``EXISTS`` where its target is there already and nobody agreed to lose
        it, ``INTERRUPTED`` where it was killed with an earlier window, ``LEFTOVER`` where all that is known of it
        is what it has left.
    """

    def __init__(self, request: Convert, source_name: str) -> None:
        self.number = next(_numbers)
        self.request = request
        self.source_name = source_name
        self.state = "waiting"
        self.pace: Pace | None = None
        self.result: Converted | None = None
        self.failure: Failed | None = None

    @property
    def title(self) -> str:
        """``Llama 3.2 3B to Q4_K_M``."""
        return f"{self.source_name} to {self.request.quantizer}"


class JobQueue(QObject):
    """Runs one conversion at a time, each in a child process of its own.

    ``changed`` tells that a job came, went or stands otherwise; ``paced`` that the running one is further.
    """

    changed = Signal()
    paced = Signal(Job)
    converted = Signal(Converted)

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
        return any(each.request.output == output and each.state != "done" for each in self.jobs)

    def add(self, request: Convert, source_name: str) -> Job:
        """Put a conversion at the end of the queue; one that would replace a file without consent is not begun."""
        job = Job(request, source_name)
        if Path(request.output).exists() and not request.force:
            job.state = "failed"
            job.failure = Failed(
                kind=EXISTS,
                message=f"{Path(request.output).name} exists already.",
                hint="Replace it, or choose another name.",
            )
        self.jobs.append(job)
        self._begin_next()
        return job

    def offer_unfinished(self, folders: Iterable[Path]) -> int:
        """Offer to go on with what was killed, and to remove what nobody knows of; return how many there are."""
        found = self._notes.found(folders)
        for begun in found:
            request = Convert(
                path=begun.path, quantizer=begun.quantizer, output=begun.output, options=begun.options
            )
            job = Job(request, begun.source_name)
            job.state, job.failure = "failed", _left(begun)
            self.jobs.append(job)
        self.changed.emit()
        return len(found)

    def remove_left(self, job: Job) -> None:
        """Delete what a killed conversion has left, and take the job out of the list."""
        try:
            self._notes.remove(job.request.output)
        except OSError as error:
            said = error.strerror or str(error)
            job.failure = Failed(kind="os_error", message=f"It could not be removed: {said}.")
            self.changed.emit()
        else:
            self.cancel(job)

    def again(self, job: Job, *, force: bool = False) -> None:
        """Put a failed job into the queue once more; what a killed one has left is gone on with."""
        if job.state == "failed":
            job.state, job.failure, job.pace = "waiting", None, None
            job.request = msgspec.structs.replace(job.request, force=force or job.request.force)
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
            self._notes.note(_begun(job))
            self._conversion = Conversion(job.request, self, command=self._command)
            self._conversion.paced.connect(self._note_pace)
            self._conversion.done.connect(self._note_result)
            self._conversion.failed.connect(self._note_failure)
        self.changed.emit()

    def _note_pace(self, pace: Pace) -> None:
        job = self.running
        if job is not None:
            job.pace = pace
            self.paced.emit(job)

    def _note_result(self, result: Converted) -> None:
        job = self.running
        if job is not None:
            job.state, job.result = "done", result
            self._notes.forget(job.request.output)
        self._end()
        self.converted.emit(result)

    def _note_failure(self, failed: Failed) -> None:
        job = self.running
        if job is not None and failed.kind != "crash":
            self._notes.forget(job.request.output)
        if job is not None and failed.kind == "cancelled":
            self.jobs.remove(job)
        elif job is not None:
            job.state, job.failure = "failed", failed
        self._end()

    def _end(self) -> None:
        if self._conversion is not None:
            self._conversion.deleteLater()
        self._conversion = None
        self._begin_next()


def _begun(job: Job) -> Begun:
    request = job.request
    return Begun(request.output, request.path, job.source_name, request.quantizer, dict(request.options))


def _left(begun: Begun) -> Failed:
    """What to say of a conversion that left something."""
    name, size = Path(begun.output).name, byte_count(left_bytes(begun.output))
    if not begun.path:
        said = f"{name} was never finished: {size} are left of it."
        return Failed(kind=LEFTOVER, message=said, hint=f"In {Path(begun.output).parent}.")
    said = f"Converting {begun.source_name} to {begun.quantizer} was interrupted."
    return Failed(kind=INTERRUPTED, message=said, hint=f"{size} of {name} are left to go on from.")
