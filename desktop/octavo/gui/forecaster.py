"""Asks the engine what a conversion would take: one question at a time, and only the latest one matters."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from octavo.gui.engine_call import Call
from octavo.gui.engine_child import background_command
from octavo.gui.engine_process import EngineProcess
from octavo.worker.protocol import Convert, Failed, ForecastConvert

WAIT_MS = 300
RETRY_SECONDS = 5.0
IDLE_MS = 20_000


class Forecast(msgspec.Struct, frozen=True):
    """What a conversion will take; the fields of ``engine.convert.forecast`` that are shown."""

    memory_bytes: int
    free_memory_bytes: int
    disk_bytes: int
    free_disk_bytes: int
    seconds: float = 0.0
    calibration_seconds: float = 0.0
    calibration_disk_bytes: int = 0


class Forecaster(QObject):
    """Keeps the answers of this session; ``changed`` tells of a new one."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None, *, command: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        self._engine = EngineProcess(self, command=command or background_command())
        self._known: dict[bytes, Forecast | Failed] = {}
        self._failed_at = 0.0
        self._wanted: Convert | None = None
        self._asked: Convert | None = None
        self._call: Call | None = None
        # Somebody who looks through the formats asks many questions; only one of them stays.
        self._wait = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._wait.timeout.connect(self._ask)
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(self._engine.dismiss)

    def forecast(self, request: Convert) -> Forecast | Failed | None:
        """What ``request`` will take, or why it cannot be done; None until it is known: it is asked for then."""
        found = self._known.get(_key(request))
        # What stood in the way may be gone: a folder was made, a file put where it was missed.
        is_stale = isinstance(found, Failed) and time.monotonic() - self._failed_at > RETRY_SECONDS
        if (found is None and request != self._wanted) or (is_stale and self._call is None):
            self._wanted = request
            self._wait.start()
        return found

    def forget(self) -> None:
        """What was free is so no more: ask again."""
        self._known.clear()
        self._wanted = None

    def close(self) -> None:
        """End the child, for the end of the program."""
        self.blockSignals(True)
        self._engine.close()
        for timer in (self._wait, self._idle):
            timer.stop()

    def _ask(self) -> None:
        if self._wanted is None or self._call is not None:
            return
        self._idle.stop()
        self._asked = self._wanted
        asked = ForecastConvert(path=self._asked.path, copies=self._asked.copies)
        self._call = self._engine.ask(asked)
        self._call.done.connect(self._keep)
        self._call.failed.connect(self._keep_failure)

    def _keep(self, result: object) -> None:
        try:
            self._end(msgspec.convert(result, Forecast))
        except msgspec.ValidationError as error:
            self._end(Failed(kind="crash", message="The engine's answer was damaged.", details=str(error)))

    def _keep_failure(self, failed: Failed) -> None:
        self._end(failed)

    def _end(self, found: Forecast | Failed) -> None:
        asked, self._asked, self._call = self._asked, None, None
        if asked is not None:
            self._known[_key(asked)] = found
        if isinstance(found, Failed):
            self._failed_at = time.monotonic()
        self._idle.start()
        if self._wanted is not None and self._wanted != asked:
            self._ask()
        self.changed.emit()


def _key(request: Convert) -> bytes:
    return msgspec.json.encode(request)
