"""One conversion in a child of its own: how far it is, how fast, and what came of it, copy by copy."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, Signal

from octavo.gui.conversion_clock import ConversionClock, Pace
from octavo.gui.engine_call import Call
from octavo.gui.engine_child import background_command
from octavo.gui.engine_process import EngineProcess
from octavo.worker.protocol import Convert, Failed, Forecasted, Progressed


class Proof(msgspec.Struct, frozen=True):
    """What was seen when the result was opened beside its source; the fields of ``engine.convert.proof``."""

    tensors: int
    source_tensors: int
    template: str = ""
    tokens_source: list[int] = []
    tokens_result: list[int] = []
    first_difference: int | None = None
    skipped: str = ""
    text_source: str = ""
    text_result: str = ""


class Converted(msgspec.Struct, frozen=True):
    """What the engine reports of a copy at the end; more keys may come with it."""

    output: str
    file_bytes: int
    predicted_bytes: int = 0
    seconds: float = 0.0
    peak_rss_bytes: int = 0
    sha256: str = ""
    verified: bool = False
    notes: list[str] = []
    resumed_tensors: int = 0
    proof: Proof | None = None
    busy: float = 0.0


class Conversion(QObject):
    """A conversion under way; ends with exactly one of ``done`` (list of ``Converted``) and ``failed``."""

    paced = Signal(Pace)
    done = Signal(list)
    failed = Signal(Failed)

    def __init__(
        self, request: Convert, parent: QObject | None = None, *, command: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self.request = request
        self._engine = EngineProcess(self, command=command or background_command())
        self._clock = ConversionClock()
        self.forecast: Forecasted | None = None
        self._call: Call = self._engine.ask(request)
        self._call.forecasted.connect(self._take_forecast)
        self._call.progressed.connect(self._tell_pace)
        self._call.done.connect(self._tell_done)
        self._call.failed.connect(self._tell_failed)

    def cancel(self) -> None:
        """Stop; nothing is left behind."""
        self._call.cancel()

    def close(self) -> None:
        """End the child at once: what it has written stays, and can be gone on with."""
        self._engine.close(leaves_all=True)

    def _take_forecast(self, forecast: Forecasted) -> None:
        self.forecast = forecast
        self._clock.expect(forecast)

    def _tell_pace(self, event: Progressed) -> None:
        self.paced.emit(self._clock.pace(event))

    def _tell_done(self, result: object) -> None:
        self._engine.dismiss()
        try:
            self.done.emit(msgspec.convert(result, list[Converted]))
        except msgspec.ValidationError as error:
            self.failed.emit(
                Failed(kind="crash", message="The engine's answer was damaged.", details=str(error))
            )

    def _tell_failed(self, failed: Failed) -> None:
        self._engine.dismiss()
        self.failed.emit(failed)
