"""Opens models in a child process, one after the other, and hands on their cards.

A file that brings the child down costs only that child: the file is refused in a sentence and the next
one gets a fresh child.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from octavo.engine.checkpoint.model import ModelCard
from octavo.gui.engine_child import child_command
from octavo.gui.engine_process import EngineProcess
from octavo.store.library import ModelEntry
from octavo.worker.protocol import Failed, Inspect, ListModels, MeasureBandwidth

IDLE_MS = 20_000


class Inspector(QObject):
    """A queue of models to open."""

    listed = Signal(list)
    measured = Signal(float)
    opened = Signal(str, ModelCard)
    refused = Signal(str, Failed)

    def __init__(self, parent: QObject | None = None, *, command: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        # Not in the background: somebody waits for what it reads.
        self._engine = EngineProcess(self, command=command or child_command())
        self._waiting: deque[str] = deque()
        self._current = ""
        # An idle child is memory for nothing.
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(self._engine.dismiss)

    def list_models(self) -> None:
        """Find all models on this computer."""
        call = self._engine.ask(ListModels())
        call.done.connect(self._hand_on_list)

    def measure_bandwidth(self) -> None:
        """Measure how fast this computer reads its memory, bytes per second; once measured it is known."""
        self._engine.ask(MeasureBandwidth()).done.connect(self._hand_on_bandwidth)

    def inspect(self, path: str, *, first: bool = False) -> None:
        """Open ``path`` when its turn comes; ``first`` puts it before all others."""
        if path == self._current or path in self._waiting:
            return
        if first:
            self._waiting.appendleft(path)
        else:
            self._waiting.append(path)
        self._take_next()

    def close(self) -> None:
        """Stop at once."""
        self._waiting.clear()
        self._engine.close()

    def _take_next(self) -> None:
        if self._current:
            return
        if not self._waiting:
            self._idle.start()
            return
        self._idle.stop()
        self._current = self._waiting.popleft()
        call = self._engine.ask(Inspect(path=self._current))
        call.done.connect(self._hand_on)
        call.failed.connect(self._refuse)

    def _hand_on(self, result: object) -> None:
        path, self._current = self._current, ""
        try:
            card = msgspec.convert(result, ModelCard)
        except msgspec.ValidationError as error:
            self.refused.emit(
                path, Failed(kind="crash", message="The engine's answer was damaged.", details=str(error))
            )
        else:
            self.opened.emit(path, card)
        self._take_next()

    def _hand_on_bandwidth(self, result: object) -> None:
        self.measured.emit(msgspec.convert(result, dict[str, float])["bytes_per_second"])

    def _hand_on_list(self, result: object) -> None:
        self.listed.emit(msgspec.convert(result, list[ModelEntry]))
        if not self._current:
            self._idle.start()

    def _refuse(self, failed: Failed) -> None:
        path, self._current = self._current, ""
        if failed.kind != "cancelled":
            self.refused.emit(path, failed)
        self._take_next()
