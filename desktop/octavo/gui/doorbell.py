"""Notices later starts of the program: each leaves a call, which brings this window to the front."""

from __future__ import annotations

from PySide6.QtCore import QFileSystemWatcher, QObject, Signal

from octavo.store.instance import calls_folder, take_calls


class Doorbell(QObject):
    """Watches for calls; ``rung`` carries the paths to open, which may be none."""

    rung = Signal(list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watcher = QFileSystemWatcher([str(calls_folder())], self)
        self._watcher.directoryChanged.connect(self.answer)

    def answer(self) -> None:
        """Take the calls that were left."""
        for paths in take_calls():
            self.rung.emit(paths)
