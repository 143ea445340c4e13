"""The chat template: the model's own to read, or another one in its place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from octavo.gui.markdown.clean_text import clean
from octavo.gui.theme.fonts import SMALL, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon, column, row
from octavo.gui.widgets.label import Label

SIZE = (760, 560)
ABOUT = "How the conversation is written out for the model, in Jinja. A change holds for this chat."
NOT_LOADED = "The model's own template is shown once the model is loaded."
# How ``clean`` shows a character that cannot be seen.
_SHOWN = re.compile(r"\[U\+([0-9A-F]{4,6})\]")


class TemplateDialog(QDialog):
    """Shows a Jinja source; ``chosen`` carries the one to use, empty for the model's own.

    Parameters
    ----------
    own : str
        What this chat uses in place of the model's; may be empty.
    models, built_in : str
        The model's own, and a plain one that suits it; empty while it is not loaded.
    note : str
        Where the model's own comes from, if not from the model.
    findings : sequence of str
        What is unusual about the model's own.
    """

    chosen = Signal(str)

    def __init__(
        self,
        parent: QWidget,
        own: str,
        models: str,
        *,
        built_in: str = "",
        note: str = "",
        findings: Sequence[str] = (),
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Chat template")
        self.resize(*SIZE)
        self._models, self._built_in = models, built_in
        self.edit = QPlainTextEdit()
        self.edit.setProperty("field", True)
        self.edit.setFont(font(SMALL, code=True))
        self.edit.setAccessibleName("Chat template")
        self.edit.setTabChangesFocus(True)
        self.edit.setReadOnly(not (own or models))
        self._which = Label("", SMALL, tone="text2")
        about = " ".join(filter(None, (ABOUT, note, "" if models else NOT_LOADED)))
        self.back = Button("The model's own", "secondary", height=32, size=SMALL)
        self.plain = Button("The built-in one", "secondary", height=32, size=SMALL)
        self.use = Button("Use", "primary", height=32, size=SMALL, name="Use this template")
        cancel = Button("Cancel", "ghost", height=32, size=SMALL)
        self.back.setEnabled(bool(models))
        self.plain.setEnabled(bool(built_in))
        parts = column(Label(about, SMALL, tone="text2", wrap=True), gap=10, margins=(16, 16, 16, 16))
        if findings:
            parts.addWidget(_warning(findings))
        parts.addWidget(self.edit, 1)
        parts.addWidget(self._which)
        parts.addLayout(row(self.back, self.plain, None, cancel, self.use))
        self.setLayout(parts)
        self.edit.textChanged.connect(self._tell_which)
        self.back.clicked.connect(self._show_models)
        self.plain.clicked.connect(self._show_built_in)
        cancel.clicked.connect(self.reject)
        self.use.clicked.connect(self._use)
        self._show(own or models)

    @property
    def source(self) -> str:
        """What stands in the field, with its invisible characters."""
        text = self.edit.toPlainText()
        for known in (self._models, self._built_in):
            if text == clean(known):
                return known
        return _SHOWN.sub(lambda found: chr(int(found[1], 16)), text)

    def _show(self, source: str) -> None:
        self.edit.setPlainText(clean(source))
        self._tell_which()

    def _show_models(self) -> None:
        self._show(self._models)

    def _show_built_in(self) -> None:
        self._show(self._built_in)

    def _tell_which(self) -> None:
        source = self.source
        if source.strip() in ("", self._models.strip()):
            told = "This is the model's own." if self._models else ""
        elif source == self._built_in:
            told = "This is the built-in one; it takes the place of the model's own in this chat."
        else:
            told = "This one is yours; it takes the place of the model's own in this chat."
        self._which.show_text(told)

    def _use(self) -> None:
        source = self.source
        self.chosen.emit("" if source.strip() in ("", self._models.strip()) else source)
        self.accept()


def _warning(findings: Sequence[str]) -> Card:
    """What is unusual, one sentence below the other."""
    sentences = column(*(Label(clean(each), SMALL, wrap=True) for each in findings), gap=4)
    return Card(row(Icon("triangle-alert", "warn"), sentences, gap=10), kind="quiet", padding=10)
