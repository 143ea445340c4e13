"""What exactly of an attached file is sent to the model."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from octavo.gui.markdown.clean_text import clean
from octavo.gui.theme.fonts import SMALL, font
from octavo.gui.widgets.attached_file import AttachedFile
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label

SIZE = (720, 520)
MOST_CHARACTERS = 100_000


class FileDialog(QDialog):
    """The file as it stands in the message, as much of it as can be looked through."""

    def __init__(self, parent: QWidget, file: AttachedFile) -> None:
        super().__init__(parent)
        self.setWindowTitle(file.name)
        self.resize(*SIZE)
        sent = file.as_markdown
        self.text = QPlainTextEdit(clean(sent[:MOST_CHARACTERS]))
        self.text.setReadOnly(True)
        self.text.setProperty("field", True)
        self.text.setFont(font(SMALL, code=True))
        self.text.setAccessibleName(f"What is sent of {file.name}")
        about = "This goes to the model, before what you write."
        if len(sent) > MOST_CHARACTERS:
            about += " Only the beginning is shown; all of it is sent."
        close = Button("Close", "secondary", height=32, size=SMALL)
        self.setLayout(
            column(
                Label(about, SMALL, tone="text2", wrap=True),
                self.text,
                row(None, close),
                gap=10,
                margins=(16, 16, 16, 16),
            )
        )
        close.clicked.connect(self.accept)
