"""Compiles the engine's kernels in the background at the first start, while the person looks around."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from octavo.gui.engine_call import Call
from octavo.gui.engine_child import background_command
from octavo.gui.engine_process import EngineProcess
from octavo.worker.protocol import Failed, Progressed, Warm


class WarmEngine(QObject):
    """A child that only compiles; where all is compiled it ends at once and nothing is told.

    ``progressed`` carries how many kernels are done, and of how many; ``ended`` comes once.
    """

    progressed = Signal(int, int)
    ended = Signal()

    def __init__(self, parent: QObject | None = None, *, command: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        self._engine = EngineProcess(self, command=command or background_command())
        self._call: Call | None = None

    @property
    def is_working(self) -> bool:
        """Whether it compiles, or finds out whether there is anything to compile."""
        return self._call is not None

    def start(self) -> None:
        """Begin, unless it is under way."""
        if self._call is None:
            self._call = self._engine.ask(Warm())
            self._call.progressed.connect(self._tell)
            self._call.done.connect(self._end)
            self._call.failed.connect(self._end_early)

    def stop(self) -> None:
        """Make way: what is compiled stays, the rest is compiled when it is needed."""
        if self._call is not None:
            self._call = None
            self._engine.dismiss()
            self.ended.emit()

    def close(self) -> None:
        """End the child, for the end of the program."""
        self._engine.close()

    def _tell(self, event: Progressed) -> None:
        self.progressed.emit(event.done, event.total)

    def _end(self, result: object) -> None:
        self.stop()

    def _end_early(self, failed: Failed) -> None:
        """A compiler that fails is told of when a model is loaded; nobody waits for this."""
        self.stop()
