"""Measures quality in a child process: one format after the other, with running figures, until told to stop."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from octavo.engine.measure.figures import Measurement
from octavo.gui.engine_call import Call
from octavo.gui.engine_child import background_command
from octavo.gui.engine_process import EngineProcess
from octavo.store.measurements import Measurements, Way, way
from octavo.worker.protocol import Failed, Measure, MeasureProgress, Progressed


@dataclass(frozen=True)
class Wish:
    """A format that is to be measured: its source, its quantizer, and the options chosen (by field name)."""

    path: str
    quantizer: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def made(self) -> Way:
        """How the store knows it."""
        return way(self.quantizer, self.options)


class Measurer(QObject):
    """A queue of wishes; what is measured is kept and need not be measured again.

    Signals carry the wish that they are about.
    """

    begun = Signal(Wish)
    prepared = Signal(Wish, Progressed)
    figured = Signal(Wish, MeasureProgress)
    measured = Signal(Wish, Measurement)
    failed = Signal(Wish, Failed)
    ended = Signal()

    def __init__(
        self, store: Measurements, parent: QObject | None = None, *, command: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._engine = EngineProcess(self, command=command or background_command())
        self._waiting: deque[Wish] = deque()
        self._call: Call | None = None
        self.current: Wish | None = None

    @property
    def is_measuring(self) -> bool:
        """Whether something is under way."""
        return self.current is not None

    def known(self, path: str) -> dict[Way, Measurement]:
        """All that has been measured of the model at ``path``, as it is now."""
        return self._store.of(Path(path)) if path and Path(path).exists() else {}

    def ask(self, wishes: Sequence[Wish]) -> None:
        """Measure these, after what is under way."""
        self._waiting.extend(each for each in wishes if each not in self._waiting and each != self.current)
        if self.current is None:
            self._take_next()

    def stop(self) -> None:
        """Stop all; figures that were not final are lost."""
        self._waiting.clear()
        if self._call is not None:
            self._call.cancel()

    def close(self) -> None:
        """End the child, for the end of the program."""
        self._waiting.clear()
        self.blockSignals(True)
        self._engine.close()
        self._store.close()

    def _take_next(self) -> None:
        if not self._waiting:
            self.current = self._call = None
            self._engine.dismiss()
            self.ended.emit()
            return
        wish = self.current = self._waiting.popleft()
        self._call = self._engine.ask(Measure(path=wish.path, quantizer=wish.quantizer, options=wish.options))
        self._call.progressed.connect(self._tell_preparation)
        self._call.figured.connect(self._tell_figures)
        self._call.done.connect(self._keep)
        self._call.failed.connect(self._tell_failure)
        self.begun.emit(wish)

    def _tell_preparation(self, event: Progressed) -> None:
        self.prepared.emit(self.current, event)

    def _tell_figures(self, event: MeasureProgress) -> None:
        self.figured.emit(self.current, event)

    def _keep(self, result: object) -> None:
        wish = self.current
        assert wish is not None
        try:
            measurement = msgspec.convert(result, Measurement)
        except msgspec.ValidationError as error:
            damaged = Failed(kind="crash", message="The engine's answer was damaged.", details=str(error))
            self.failed.emit(wish, damaged)
        else:
            self._store.keep(Path(wish.path), wish.made, measurement)
            self.measured.emit(wish, measurement)
        self._take_next()

    def _tell_failure(self, failed: Failed) -> None:
        self.failed.emit(self.current, failed)
        self._take_next()
