"""Asks two models the same in a child process, and tells what they say as it comes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, Signal

from octavo.engine.measure.comparison import Comparison
from octavo.gui.engine_call import Call
from octavo.gui.engine_process import EngineProcess
from octavo.worker.protocol import Compare, ComparePiece, Failed, Progressed

# As for a chat: killing the engine would cost the loading of two models.
GRACE_MS = 2000


class Comparer(QObject):
    """One comparison at a time; the two models stay loaded until ``rest``.

    ``progressed`` and ``grew`` carry the number of the answer that they are about: 0 or 1.
    """

    grew = Signal(int, str, int)
    progressed = Signal(int, Progressed)
    compared = Signal(Comparison)
    failed = Signal(Failed)

    def __init__(self, parent: QObject | None = None, *, command: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        self._engine = EngineProcess(self, command=command, grace_ms=GRACE_MS)
        self._call: Call | None = None
        self._number = 0

    @property
    def is_asking(self) -> bool:
        """Whether a comparison is under way."""
        return self._call is not None

    def ask(self, request: Compare) -> None:
        """Begin a comparison; it ends with ``compared`` or ``failed``."""
        self._number = 0
        self._call = self._engine.ask(request)
        self._call.compare_piece.connect(self._tell_piece)
        self._call.progressed.connect(self._tell_progress)
        self._call.done.connect(self._tell_comparison)
        self._call.failed.connect(self._tell_failure)

    def stop(self) -> None:
        """Stop what is under way; ``failed`` tells when it has stopped."""
        if self._call is not None:
            self._call.cancel()

    def rest(self) -> None:
        """Give the memory of both models back, unless they are at work."""
        if self._call is None:
            self._engine.dismiss()

    def close(self) -> None:
        """End the engine, for the end of the program."""
        self.blockSignals(True)
        self._engine.close()

    def _tell_piece(self, piece: ComparePiece) -> None:
        self._number = piece.number
        self.grew.emit(piece.number, piece.text, piece.n_tokens)

    def _tell_progress(self, event: Progressed) -> None:
        self.progressed.emit(self._number, event)

    def _tell_comparison(self, result: object) -> None:
        self._call = None
        try:
            found = msgspec.convert(result, Comparison)
        except msgspec.ValidationError as error:
            damaged = Failed(kind="crash", message="The engine's answer was damaged.", details=str(error))
            self.failed.emit(damaged)
        else:
            self.compared.emit(found)

    def _tell_failure(self, failed: Failed) -> None:
        self._call = None
        self.failed.emit(failed)
