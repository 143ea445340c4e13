"""Has the plugins of others loaded by a child first: what ends that child would have ended the window."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from octavo.gui.engine_child import child_command, child_process

TRY_PLUGIN = "--try-plugin"  # as octavo.worker.child knows it, which the window does not import
PATIENCE_MS = 30_000
GONE_MS = 2000
DEADLY = "it ended the program that loaded it"
SLOW = f"it was not loaded within {PATIENCE_MS // 1000} s"


class PluginTrial(QObject):
    """Tries plugins one after another; ``ended`` carries why some must stay off, and the names of the deadly."""

    ended = Signal(dict, list)

    def __init__(self, parent: QObject | None = None, *, command: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        self._command = list(command or [*child_command(), TRY_PLUGIN])
        self._waiting: list[str] = []
        self._refused: dict[str, str] = {}
        self._deadly: list[str] = []
        self._process: QProcess | None = None
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._lose_patience)

    def start(self, names: Sequence[str]) -> None:
        """Try these, and forget those of an earlier trial; where there are none, it ends at once."""
        self.stop()
        self._waiting, self._refused, self._deadly = list(names), {}, []
        self._try_next()

    def stop(self) -> None:
        """Try no more; nothing is told."""
        self._patience.stop()
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(GONE_MS)
            process.deleteLater()

    def _try_next(self) -> None:
        if not self._waiting:
            self.ended.emit(self._refused, self._deadly)
            return
        self._process = child_process(self)
        self._process.finished.connect(self._judge)
        self._process.errorOccurred.connect(self._judge_start)
        self._patience.start()
        self._process.start(self._command[0], [*self._command[1:], self._waiting[0]])

    def _lose_patience(self) -> None:
        self._settle(SLOW, is_deadly=True)

    def _judge_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._settle("it could not be tried before use", is_deadly=False)

    def _judge(self) -> None:
        assert self._process is not None
        try:
            told = json.loads(bytes(self._process.readAllStandardOutput().data()))
            error = str(told["error"])
        except (ValueError, KeyError, TypeError):  # it did not come to its last word
            self._settle(DEADLY, is_deadly=True)
        else:
            self._settle(error, is_deadly=False)

    def _settle(self, error: str, *, is_deadly: bool) -> None:
        """Keep what was found of the first that waits, and go on to the next."""
        name = self._waiting.pop(0)
        self.stop()
        if is_deadly:
            self._deadly.append(name)
            error = f"{name}: {error}, and was switched off."
        if error:
            self._refused[name] = error
        self._try_next()
