"""A field for the path of a file, with a button to choose it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from octavo.gui.theme.fonts import SMALL, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import row

HEIGHT = 30
FIELD_WIDTH = 150


class PathField(QWidget):
    """The path may also be typed; empty is allowed."""

    changed = Signal()

    def __init__(self, path: str) -> None:
        super().__init__()
        self._edit = QLineEdit(path)
        self._edit.setFont(font(SMALL))
        self._edit.setFixedHeight(HEIGHT)
        self._edit.setMinimumWidth(FIELD_WIDTH)
        self._edit.setPlaceholderText("none")
        self._choose = Button("Choose…", height=HEIGHT, size=SMALL)
        self.setLayout(row(self._edit, self._choose))
        self._edit.textChanged.connect(self.changed)
        self._choose.clicked.connect(self._ask)

    def text(self) -> str:
        """The path as it stands in the field."""
        return self._edit.text().strip()

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self._edit.setAccessibleName(name)
        self._choose.setAccessibleName(f"Choose: {name}")

    def _ask(self) -> None:
        dialog = QFileDialog(self, self.accessibleName())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._edit.setText)
        dialog.open()
