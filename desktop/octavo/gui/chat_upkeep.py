"""What takes long with the chats on the disk, done by a child: emptying the trash, copies, import, export."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from octavo.gui.engine_call import Call
from octavo.gui.engine_child import background_command
from octavo.gui.engine_process import EngineProcess
from octavo.store.chat_import import ImportReport
from octavo.worker.protocol import ExportChats, Failed, ImportChats, Progressed, TidyChats

# A child that has nothing to do goes after a while, and its memory with it.
IDLE_MS = 10_000


class ChatUpkeep(QObject):
    """Asks a child of its own, one thing after the other; ``failed`` and ``progressed`` tell of any of them."""

    tidied = Signal()
    imported = Signal(ImportReport)
    exported = Signal()
    progressed = Signal(Progressed)
    failed = Signal(Failed)

    def __init__(self, parent: QObject | None = None, *, command: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        self._engine = EngineProcess(self, command=command or background_command())
        self._calls: list[Call] = []
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(self._engine.dismiss)

    def tidy_up(self, older_than_days: float) -> None:
        """Really delete what has been in the trash so long, and make the day's copy."""
        self._ask(TidyChats(older_than_days=older_than_days)).done.connect(self._tell_tidied)

    def take_in(self, path: str) -> None:
        """Take in the chats of a file."""
        self._ask(ImportChats(path=path)).done.connect(self._tell_imported)

    def export(self, chat_ids: Sequence[int], path: str) -> None:
        """Write chats to a file."""
        self._ask(ExportChats(path=path, chat_ids=list(chat_ids))).done.connect(self._tell_exported)

    def close(self) -> None:
        """End the child."""
        self._idle.stop()
        self._engine.close()

    def _ask(self, request: TidyChats | ImportChats | ExportChats) -> Call:
        self._idle.stop()
        call = self._engine.ask(request)
        self._calls.append(call)
        call.progressed.connect(self.progressed)
        call.failed.connect(self._tell_failed)
        return call

    def _tell_tidied(self) -> None:
        self._end()
        self.tidied.emit()

    def _tell_imported(self, result: object) -> None:
        self._end()
        self.imported.emit(msgspec.convert(result, ImportReport))

    def _tell_exported(self) -> None:
        self._end()
        self.exported.emit()

    def _tell_failed(self, failed: Failed) -> None:
        self._end()
        if failed.kind != "cancelled":
            self.failed.emit(failed)

    def _end(self) -> None:
        """One is over; they end in the order in which they were asked."""
        del self._calls[:1]
        if not self._calls:
            self._idle.start()
