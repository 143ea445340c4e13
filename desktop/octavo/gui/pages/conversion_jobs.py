"""The conversions on view: what runs, what waits, what came of the others and what stands in their way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.conversion import Converted
from octavo.gui.job import EXISTS, INTERRUPTED, LEFTOVER, Job
from octavo.gui.job_queue import JobQueue
from octavo.gui.pages.outcome import doing_words, outcome_of, pace_words
from octavo.gui.pages.targets import command_lines
from octavo.gui.show_folder import show_in_folder
from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.widgets.done_card import DoneCard
from octavo.gui.widgets.job_card import JobCard, WaitingCard
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.wording import listed
from octavo.store.unfinished import Unfinished
from octavo.worker.protocol import Convert, Failed, Forecasted

DAMAGED = "damaged_weights"
# Nothing went wrong: somebody has to say what is to be done.
QUESTIONS = (EXISTS, INTERRUPTED, LEFTOVER)
DAMAGE_ADVICE = (
    "The model is damaged: better download it again. Converted anyway, such weights become 0; the result says which "
    "tensors had them, and its answers may be worse."
)

Act = Callable[[], None]
JobView = JobCard | WaitingCard | DoneCard | ProblemCard


class ConversionJobs(QWidget):
    """A card for every job of the queue.

    ``changed`` tells of every begin and end; ``measured`` carries the report of each copy that is done, and ``took``
    what all copies of a job took beside what was forecast.
    """

    changed = Signal()
    converted = Signal(str)
    measured = Signal(Converted)
    took = Signal(Job, Forecasted, Converted)
    chat_asked = Signal(str)
    compare_asked = Signal(str, str)

    def __init__(self, command: Sequence[str] | None = None) -> None:
        super().__init__()
        self._queue = JobQueue(Unfinished(), self, command=command)
        self._views: dict[int, tuple[str, JobView]] = {}
        self._title = Label("", SMALL, SEMIBOLD, "text2")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self._column.addWidget(self._title)
        self.hide()
        self._queue.changed.connect(self._show_jobs)
        self._queue.paced.connect(self._show_pace)
        self._queue.converted.connect(self._tell_converted)
        self._queue.took.connect(self.took)

    @property
    def is_running(self) -> bool:
        """Whether a conversion runs."""
        return self._queue.running is not None

    @property
    def has_result(self) -> bool:
        """Whether a finished conversion is on view."""
        return self._queue.has_result

    @property
    def newest(self) -> QWidget | None:
        """The card of the job that was added last."""
        jobs = self._queue.jobs
        return self._views[jobs[-1].number][1] if jobs else None

    def is_taken(self, output: str) -> bool:
        """Whether a job that runs or waits writes to ``output``."""
        return self._queue.is_taken(output)

    def start(self, request: Convert, source_name: str) -> None:
        """Convert when it is this job's turn; where the target exists it is asked first."""
        self._queue.add(request, source_name)

    def offer_unfinished(self, folders: Iterable[Path]) -> int:
        """Offer what earlier windows, or commands, have left; return how much there is."""
        return self._queue.offer_unfinished(folders)

    def doubts(self) -> str:
        """What the end of the program would interrupt; empty where nothing runs."""
        job = self._queue.running
        if job is None:
            return ""
        share = f" ({job.pace.share:.0%} done)" if job.pace else ""
        n_waiting = len(self._queue.waiting)
        lost = f" {n_waiting} more in the queue would be dropped." if n_waiting else ""
        kept = "Octavo can go on from there the next time."
        return f"{job.title} is being converted{share}. {kept}{lost}"

    def close_jobs(self) -> None:
        """Stop at once, for the end of the program."""
        self._queue.close()

    def _show_jobs(self) -> None:
        jobs = self._queue.jobs
        for number in [each for each in self._views if each not in {job.number for job in jobs}]:
            self._drop(number)
        for place, job in enumerate(jobs, start=1):
            state = "running" if job.state == "stopping" else job.state
            known = self._views.get(job.number)
            if known is None or known[0] != state:
                self._drop(job.number)
                known = (state, self._view(job))
                self._views[job.number] = known
            if self._column.indexOf(known[1]) != place:
                self._column.removeWidget(known[1])
                self._column.insertWidget(place, known[1])
            known[1].show()
            if job.state == "stopping" and isinstance(known[1], JobCard):
                known[1].show_stopping()
        self._title.show_text(_summary(self._queue))
        self.setVisible(bool(jobs))
        self.changed.emit()

    def _drop(self, number: int) -> None:
        known = self._views.pop(number, None)
        if known is not None:
            self._column.removeWidget(known[1])
            known[1].hide()
            known[1].deleteLater()

    def _view(self, job: Job) -> JobView:
        """The card of a job in its present state."""
        if job.state == "waiting":
            waiting = WaitingCard(job.title, listed([Path(each).name for each in job.outputs]))
            waiting.cancel_asked.connect(partial(self._queue.cancel, job))
            waiting.move_asked.connect(partial(self._queue.move, job))
            return waiting
        if job.state == "done" and job.result is not None:
            return self._done(job, job.result)
        if job.state == "failed" and job.failure is not None:
            return self._problem(job)
        running = JobCard()
        running.begin(f"Converting {job.title}")
        running.cancel_asked.connect(partial(self._queue.cancel, job))
        return running

    def _done(self, job: Job, result: Converted) -> DoneCard:
        for state, view in self._views.values():
            if state == "done" and isinstance(view, DoneCard):
                view.step_back()
        done = DoneCard(outcome_of(result))
        done.chat_asked.connect(partial(self.chat_asked.emit, result.output))
        done.compare_asked.connect(partial(self.compare_asked.emit, job.request.path, result.output))
        done.folder_asked.connect(partial(show_in_folder, Path(result.output)))
        done.command_asked.connect(partial(copy_command, job.request))
        done.dismissal_asked.connect(partial(self._queue.cancel, job))
        return done

    def _problem(self, job: Job) -> ProblemCard:
        failed = job.failure
        assert failed is not None
        problem = ProblemCard(is_calm=failed.kind in QUESTIONS)
        primary, secondary, acts = self._ways_on(job, failed)
        problem.show_problem(
            f"Converting {job.title} ended in the middle." if failed.kind == "crash" else failed.message,
            _advice(job, failed),
            primary=primary,
            secondary=secondary,
            details=failed.details,
        )
        if failed.kind == DAMAGED:
            problem.primary.show_kind("secondary")  # not what is advised
        for button, act in zip((problem.primary, problem.secondary), acts, strict=True):
            button.clicked.connect(lambda _, act=act: act())
        problem.close_button.clicked.connect(lambda: self._queue.cancel(job))
        return problem

    def _ways_on(self, job: Job, failed: Failed) -> tuple[str, str, tuple[Act, Act]]:
        """The two buttons of a problem, and what they do."""
        again, leave = partial(self._queue.again, job), partial(self._queue.cancel, job)
        remove = partial(self._queue.remove_left, job)
        if failed.kind == EXISTS:
            return "Replace", "Leave it", (partial(again, force=True), leave)
        if failed.kind == LEFTOVER:
            return "Remove it", "Leave it", (remove, leave)
        if failed.kind == DAMAGED:
            return "Convert anyway", "Leave it", (partial(again, allow_damaged=True), leave)
        if failed.kind == INTERRUPTED or (failed.kind == "crash" and job.left_bytes):
            return "Go on", "Remove what is left", (again, remove)
        return "Try again", "Leave it", (again, leave)

    def _show_pace(self, job: Job) -> None:
        _, view = self._views[job.number]
        if job.pace is not None and isinstance(view, JobCard) and job.state == "running":
            view.show_progress(job.pace.share, job.pace.tensor, *pace_words(job.pace), doing_words(job.pace))

    def _tell_converted(self, result: Converted) -> None:
        self.converted.emit(result.output)
        self.measured.emit(result)


def _advice(job: Job, failed: Failed) -> str:
    """What follows from a failure, and what can be done."""
    if failed.kind in QUESTIONS:
        return failed.hint
    if failed.kind != "crash":
        return f"{job.title}. {DAMAGE_ADVICE if failed.kind == DAMAGED else failed.hint}".strip()
    return (
        f"{failed.message} {'It can go on where it stopped.' if job.left_bytes else 'Nothing is left of it.'}"
    )


def copy_command(request: Convert) -> None:
    """Put the commands that do the same into the clipboard."""
    QGuiApplication.clipboard().setText(command_lines(request))


def _summary(queue: JobQueue) -> str:
    told = ["1 running"] if queue.running is not None else []
    if queue.waiting:
        told.append(f"{len(queue.waiting)} waiting")
    return f"Conversions · {', '.join(told)}" if told else "Conversions"
