"""Measures quality in a child process: one format after the other, with running figures, until told to stop."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from octavo.engine.errors import OctavoError
from octavo.engine.measure.figures import Measurement
from octavo.gui.engine_call import Call
from octavo.gui.engine_child import background_command
from octavo.gui.engine_process import EngineProcess
from octavo.store.measurements import Measurements, Way, way
from octavo.worker.protocol import Failed, Measure, MeasureProgress, Progressed

# What is read to tell something early; the model's own part of it is kept for the measurement that follows.
PREVIEW_TOKENS = 2048


@dataclass(frozen=True)
class Wish:
    """A format that is to be measured.

    Parameters
    ----------
    path : str
        The source.
    quantizer : str
    options : dict
        Those chosen, by field name.
    preview : dict
        Options under which it is made in seconds; empty if it always is, or never.
    """

    path: str
    quantizer: str
    options: dict[str, Any] = field(default_factory=dict)
    preview: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def made(self) -> Way:
        """How the store knows it."""
        return way(self.quantizer, self.options)


class Measurer(QObject):
    """A queue of wishes; what is measured is kept and need not be measured again.

    Where a format takes minutes to make, a quick form of it is measured first, on part of the text, to have some
    figures early (``is_preview``); those are shown and not kept. Signals carry the wish that they are about.
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
        self.is_preview = False

    @property
    def is_measuring(self) -> bool:
        """Whether something is under way."""
        return self.current is not None

    def known(self, path: str) -> dict[Way, Measurement]:
        """All that has been measured of the model at ``path``, as it is now; nothing where that cannot be read."""
        try:
            return self._store.of(Path(path)) if path and Path(path).exists() else {}
        except (OctavoError, OSError):
            return {}

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
        self.is_preview = bool(wish.preview)
        self._ask(wish)
        self.begun.emit(wish)

    def _ask(self, wish: Wish) -> None:
        options, tokens = (wish.preview, PREVIEW_TOKENS) if self.is_preview else (wish.options, 0)
        request = Measure(path=wish.path, quantizer=wish.quantizer, options=options, tokens=tokens)
        self._call = self._engine.ask(request)
        self._call.progressed.connect(self._tell_preparation)
        self._call.figured.connect(self._tell_figures)
        self._call.done.connect(self._keep)
        self._call.failed.connect(self._tell_failure)

    def _tell_preparation(self, event: Progressed) -> None:
        self.prepared.emit(self.current, event)

    def _tell_figures(self, event: MeasureProgress) -> None:
        self.figured.emit(self.current, event)

    def _keep(self, result: object) -> None:
        wish = self.current
        assert wish is not None
        if self.is_preview:
            self.is_preview = False
            self._ask(wish)
            return
        try:
            measurement = msgspec.convert(result, Measurement)
        except msgspec.ValidationError as error:
            damaged = Failed(kind="crash", message="The engine's answer was damaged.", details=str(error))
            self.failed.emit(wish, damaged)
        else:
            # What was measured is worth more than the note of it: a full disk, or a source that has gone meanwhile.
            with contextlib.suppress(OctavoError, OSError):
                self._store.keep(Path(wish.path), wish.made, measurement)
            self.measured.emit(wish, measurement)
        self._take_next()

    def _tell_failure(self, failed: Failed) -> None:
        self.failed.emit(self.current, failed)
        self._take_next()
