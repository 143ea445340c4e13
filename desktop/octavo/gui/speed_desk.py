"""Has this computer's speed measured in a child process: once, in the background, while it has nothing else to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from octavo.engine.estimate.speeds import Speeds
from octavo.engine.progress import COMPILING
from octavo.gui.engine_call import Call
from octavo.gui.engine_child import background_command
from octavo.gui.engine_process import EngineProcess
from octavo.gui.workspace import Workspace
from octavo.worker.protocol import Failed, ProbeSpeed, Progressed

# Somebody who moves a slider asks for many numbers of threads; only one of them stays.
WAIT_MS = 600
ENGAGED_MS = 2000
# Figures that were taken beside busy programs are taken again, in the hope of a quieter time.
CALM_MS = 60_000
IDLE_MS = 5000


class SpeedDesk(QObject):
    """Keeps what it learns in the workspace; ``changed`` tells when it begins, gets on and ends.

    Attributes
    ----------
    stage : str
        What is being timed now; empty while nothing is.
    is_engaged : callable
        Whether the computer has other work, beside which every figure would be wrong.
    """

    changed = Signal()

    def __init__(
        self, workspace: Workspace, parent: QObject | None = None, *, command: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self.stage = ""
        self.is_engaged: Callable[[], bool] = _never
        self._workspace = workspace
        self._engine = EngineProcess(self, command=command or background_command())
        self._wanted: ProbeSpeed | None = None
        self._asked: ProbeSpeed | None = None
        self._call: Call | None = None
        # Kinds whose kernels are not compiled yet, and threads with which a probe has failed: not asked for twice.
        self._left_out: set[tuple[int, str]] = set()
        self._failed: set[int] = set()
        self._doubted: set[int] = set()
        self._wait = QTimer(self, singleShot=True)
        self._wait.timeout.connect(self._ask)
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(self._engine.dismiss)

    def recall(self, n_threads: int) -> None:
        """Learn what an earlier probe has found, and time nothing."""
        self._put(ProbeSpeed(kinds=[], n_threads=n_threads, only_known=True))

    def want(self, kinds: Collection[str], n_threads: int) -> bool:
        """See to it that the speed of these kinds of weights becomes known; whether it must be measured first."""
        known = self._workspace.speeds.get(n_threads)
        missing = {each for each in kinds if (n_threads, each) not in self._left_out}
        if known is not None and known.kinds:
            missing -= set(known.kinds)
        is_missing = bool(missing) and n_threads not in self._failed
        if is_missing and self._call is None:
            self._wanted = ProbeSpeed(kinds=sorted(kinds), n_threads=n_threads)
            self._wait.start(WAIT_MS)
        elif known is not None and known.is_too_slow and self._wanted is None and self._call is None:
            self._wanted = ProbeSpeed(kinds=sorted(known.kinds), n_threads=n_threads, again=True)
            self._wait.start(CALM_MS)
        return is_missing

    def measure_again(self, kinds: Collection[str], n_threads: int) -> None:
        """Time everything anew, kernels that are not compiled yet too."""
        self.retry()
        self._wanted = ProbeSpeed(kinds=sorted(kinds), n_threads=n_threads, again=True, compiles=True)
        self.stage = "waiting"
        self._wait.start(0)
        self.changed.emit()

    def doubt(self, n_threads: int) -> None:
        """What was timed with so many threads has proved wrong: time it again, once, when nothing else is done."""
        known = self._workspace.speeds.get(n_threads)
        if known is None or n_threads in self._doubted:
            return
        self._doubted.add(n_threads)
        self._wanted = ProbeSpeed(kinds=sorted(known.kinds), n_threads=n_threads, again=True)
        self._wait.start(WAIT_MS)

    def retry(self) -> None:
        """What could not be timed may be tried once more: its kernels have been compiled."""
        self._left_out.clear()
        self._failed.clear()
        self.changed.emit()

    def close(self) -> None:
        """End the child, for the end of the program."""
        self._wait.stop()
        self._idle.stop()
        self._engine.close()

    def _ask(self) -> None:
        if self._wanted is None or self._call is not None:
            return
        if self.is_engaged():
            self._wait.start(ENGAGED_MS)
            return
        wanted, self._wanted = self._wanted, None
        self._put(wanted)

    def _put(self, request: ProbeSpeed) -> None:
        self._idle.stop()
        self._asked = request
        self._call = self._engine.ask(request)
        self._call.progressed.connect(self._show_progress)
        self._call.done.connect(self._keep)
        self._call.failed.connect(self._note_failure)
        self.stage = "" if request.only_known else "starting"
        self.changed.emit()

    def _show_progress(self, event: Progressed) -> None:
        what = "preparing" if event.label.startswith(COMPILING) else event.label
        stage = f"{what}, {event.done + 1} of {event.total}" if event.total > 1 else what
        if stage != self.stage:
            self.stage = stage
            self.changed.emit()

    def _keep(self, result: object) -> None:
        asked = self._end()
        try:
            speeds = msgspec.convert(result, Speeds | None)
        except msgspec.ValidationError:
            self._failed.add(asked.n_threads)
        else:
            self._take(asked, speeds)
        self.changed.emit()

    def _take(self, asked: ProbeSpeed, speeds: Speeds | None) -> None:
        if speeds is None:
            return
        if self.is_engaged() and not asked.only_known:
            # Something began meanwhile: these figures are not this computer's.
            self._wanted = msgspec.structs.replace(asked, again=True)
            self._wait.start(ENGAGED_MS)
        self._left_out |= {(speeds.n_threads, each) for each in asked.kinds if each not in speeds.kinds}
        self._workspace.keep_speeds(speeds)

    def _note_failure(self, failed: Failed) -> None:
        asked = self._end()
        if failed.kind != "cancelled":
            self._failed.add(asked.n_threads)
        self.changed.emit()

    def _end(self) -> ProbeSpeed:
        asked, self._asked, self._call, self.stage = self._asked, None, None, ""
        assert asked is not None
        self._idle.start()
        if self._wanted is not None:
            self._wait.start(WAIT_MS)
        return asked


def _never() -> bool:
    return False
