"""One request to the engine's child process, and what comes of it as signals."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from octavo.worker.protocol import ComparePiece, Failed, Forecasted, MeasureProgress, Progressed, Replied


class Asked(Protocol):
    """Whoever was asked."""

    def cancel(self, call: Call) -> None:
        """Have the child stop it."""

    def kill_for(self, call: Call) -> None:
        """End the child, because the call has not ended in time."""


class Call(QObject):
    """One request under way; ends with exactly one of ``done`` and ``failed``."""

    progressed = Signal(Progressed)
    forecasted = Signal(Forecasted)
    piece = Signal(str, int)
    replied = Signal(Replied)
    figured = Signal(MeasureProgress)
    compare_piece = Signal(ComparePiece)
    done = Signal(object)
    failed = Signal(Failed)

    def __init__(self, engine: Asked, number: int) -> None:
        # No parent: it lives as long as somebody holds it, and no longer.
        super().__init__()
        self._engine = engine
        self.number = number
        self.is_cancelled = False
        self._grace = QTimer(self, singleShot=True)
        self._grace.timeout.connect(self._lose_patience)

    def expect_end(self, within_ms: int) -> None:
        """Kill the child unless this ends in time."""
        self._grace.start(within_ms)

    def cancel(self) -> None:
        """Ask the engine to stop this; where it does not obey in time, the child is killed."""
        self._engine.cancel(self)

    def _lose_patience(self) -> None:
        self._engine.kill_for(self)
