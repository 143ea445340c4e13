"""The chat template: the model's own to read, or another one in its place."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from octavo.gui.theme.fonts import SMALL, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label

SIZE = (720, 520)


class TemplateDialog(QDialog):
    """Shows a Jinja source; ``chosen`` carries the one to use, empty for the model's own."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, own: str, models: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Chat template")
        self.resize(*SIZE)
        self._models = models
        self._edit = QPlainTextEdit(own or models)
        self._edit.setProperty("field", True)
        self._edit.setFont(font(SMALL, code=True))
        self._edit.setAccessibleName("Chat template")
        self._edit.setTabChangesFocus(True)
        about = "How the conversation is written out for the model, in Jinja. A change holds for this chat."
        if not models:
            about += " The model's own is shown once it is loaded."
        back = Button("The model's own", "secondary", height=32, size=SMALL)
        cancel = Button("Cancel", "ghost", height=32, size=SMALL)
        use = Button("Use", "primary", height=32, size=SMALL, name="Use this template")
        self.setLayout(
            column(
                Label(about, SMALL, tone="text2", wrap=True),
                self._edit,
                row(back, None, cancel, use),
                gap=10,
                margins=(16, 16, 16, 16),
            )
        )
        back.clicked.connect(self._go_back)
        cancel.clicked.connect(self.reject)
        use.clicked.connect(self._use)

    def _go_back(self) -> None:
        self._edit.setPlainText(self._models)

    def _use(self) -> None:
        text = self._edit.toPlainText()
        self.chosen.emit("" if text.strip() in ("", self._models.strip()) else text)
        self.accept()
