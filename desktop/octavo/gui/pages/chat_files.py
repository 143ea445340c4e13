"""Text files for a message: chosen or dropped, read, refused in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from octavo.engine.errors import OctavoError
from octavo.gui.widgets.attached_file import AttachedFile, pasted_text, read_attachment
from octavo.gui.widgets.composer import MAX_CHARACTERS, Composer
from octavo.gui.widgets.file_dialog import FileDialog
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.wording import count

MOST_FILES = 10


class ChatFiles(QObject):
    """Attaches files to what is being written."""

    def __init__(self, panel: QWidget, composer: Composer, problem: ProblemCard) -> None:
        super().__init__(panel)
        self._panel, self._composer, self._problem = panel, composer, problem
        composer.attach_asked.connect(self.choose)
        composer.long_pasted.connect(self.take_pasted)
        composer.file_opened.connect(self.show)
        composer.too_long.connect(self._refuse)

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

    def take_pasted(self, text: str) -> None:
        """Attach a long text from the clipboard."""
        n_before = sum(each.name.startswith("Pasted text") for each in self._composer.files)
        try:
            self._composer.attach([pasted_text(text, n_before)])
        except OctavoError as error:
            self._problem.show_problem(error.message, error.hint)

    def show(self, file: AttachedFile) -> None:
        """Show what of a file is sent."""
        dialog = FileDialog(self._panel, file)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _refuse(self, n_characters: int) -> None:
        self._problem.show_problem(
            f"The message has {count(n_characters)} characters; {count(MAX_CHARACTERS)} can be sent.",
            "Take a file away, or send it in parts.",
        )

    def _take_names(self, names: Sequence[str]) -> None:
        self.take([Path(each) for each in names])
