"""Text files for a message: chosen or dropped, read, refused in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from octavo.engine.errors import OctavoError
from octavo.gui.widgets.attached_file import read_attachment
from octavo.gui.widgets.composer import Composer
from octavo.gui.widgets.problem_card import ProblemCard

MOST_FILES = 10


class ChatFiles(QObject):
    """Attaches files to what is being written."""

    def __init__(self, panel: QWidget, composer: Composer, problem: ProblemCard) -> None:
        super().__init__(panel)
        self._panel, self._composer, self._problem = panel, composer, problem
        composer.attach_asked.connect(self.choose)

    def choose(self) -> None:
        """Ask for files."""
        dialog = QFileDialog(self._panel, "Attach text files")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._take_names)
        dialog.open()

    def take(self, paths: Sequence[Path]) -> None:
        """Attach these files; the first that cannot be is told of."""
        refused = None
        for path in paths:
            try:
                if len(self._composer.files) >= MOST_FILES:
                    raise OctavoError(f"No more than {MOST_FILES} files go with a message.")
                self._composer.attach([read_attachment(path)])
            except OctavoError as error:
                refused = refused or error
        if refused is not None:
            self._problem.show_problem(refused.message, refused.hint)
        self._composer.edit.setFocus()

    def _take_names(self, names: Sequence[str]) -> None:
        self.take([Path(each) for each in names])
