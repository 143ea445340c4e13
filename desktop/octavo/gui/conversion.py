"""One conversion in a child of its own: how far it is, how fast, and what came of it, copy by copy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from PySide6.QtCore import QObject, Signal

from octavo.gui.engine_call import Call
from octavo.gui.engine_child import background_command
from octavo.gui.engine_process import EngineProcess
from octavo.worker.protocol import Convert, Failed, Progressed


@dataclass(frozen=True)
class Pace:
    """How far a conversion is.

    Parameters
    ----------
    share : float
        0 to 1.
    tensor : str
        The one being written.
    number, n_tensors : int
        Its place among all.
    bytes_per_second : float
        Since the start; 0 while it is too early to say.
    seconds_left : float or None
        None while it is too early to say.
    stage : str
        ``convert`` while tensors are written; else what is done before or after in a few words.
    """

    share: float
    tensor: str
    number: int
    n_tensors: int
    bytes_per_second: float
    seconds_left: float | None
    stage: str = "convert"


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


class Conversion(QObject):
    """A conversion under way; ends with exactly one of ``done`` (list of ``Converted``) and ``failed``."""

    paced = Signal(Pace)
    done = Signal(list)
    failed = Signal(Failed)

    EARLY_SECONDS = 0.5

    def __init__(
        self, request: Convert, parent: QObject | None = None, *, command: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self.request = request
        self._engine = EngineProcess(self, command=command or background_command())
        # The clock starts with the first tensor: what comes before is no measure of the rest.
        self._began: tuple[float, int] | None = None
        self._call: Call = self._engine.ask(request)
        self._call.progressed.connect(self._tell_pace)
        self._call.done.connect(self._tell_done)
        self._call.failed.connect(self._tell_failed)

    def cancel(self) -> None:
        """Stop; nothing is left behind."""
        self._call.cancel()

    def close(self) -> None:
        """End the child at once: what it has written stays, and can be gone on with."""
        self._engine.close(leaves_all=True)

    def _tell_pace(self, event: Progressed) -> None:
        if event.n_steps == 0 or event.stage != "convert":
            share = event.done / event.total if event.total else 0.0
            self.paced.emit(Pace(share, event.label, 0, 0, 0.0, None, stage=event.stage))
            return
        now = time.monotonic()
        if self._began is None:
            self._began = (now, event.done)
        seconds, n_bytes = now - self._began[0], event.done - self._began[1]
        rate = n_bytes / seconds if seconds >= self.EARLY_SECONDS else 0.0
        left = (event.total - event.done) / rate if rate > 0 else None
        share = event.done / event.total if event.total else 0.0
        self.paced.emit(Pace(share, event.label, event.step, event.n_steps, rate, left))

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
