"""The line over a conversation: its title, its model, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.source_card import ModelMenu

_DOTS = {"ready": "ok", "loading": "warn", "stopped": "danger"}


class ModelChip(Button):
    """The model of the chat with a dot for how it stands; opens a menu of models."""

    def __init__(self) -> None:
        super().__init__("Choose a model", "chip", height=22, size=SMALL)
        self._state = "empty"

    def show_model(self, text: str, state: str) -> None:
        """Show the model's name and ``empty``, ``loading``, ``ready`` or ``stopped``."""
        self._state = state
        has_dot = state in _DOTS
        self.show_text(text, f"Model: {text}, {state}" if has_dot else text)
        cut = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, 300)
        self.setText(("    " if has_dot else "") + cut.replace("&", "&&"))
        self.setToolTip(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._state in _DOTS:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour(_DOTS[self._state]))
            painter.drawEllipse(QPointF(11, self.height() / 2), 3, 3)


class ChatHeader(QWidget):
    """Title and tools of the chat on view."""

    model_chosen = Signal(str)
    file_asked = Signal()
    options_asked = Signal()
    rename_asked = Signal()
    find_asked = Signal()
    shortcuts_asked = Signal()
    copy_asked = Signal()
    export_asked = Signal()
    deletion_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._title = Label("New chat", READING, SEMIBOLD, elide=True)
        self.chip = ModelChip()
        self._models = ModelMenu(self)
        self.chip.setMenu(self._models)
        self.options = Button("", "ghost", "sliders-horizontal", name="Chat options")
        more = Button("", "ghost", "ellipsis", name="More actions")
        more.setMenu(self._menu())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 10, 16, 10)
        layout.setSpacing(8)
        layout.addWidget(self._title, 1)
        for each in (self.chip, self.options, more):
            layout.addWidget(each)
        self._models.chosen.connect(self.model_chosen)
        self._models.open_asked.connect(self.file_asked)
        self.options.clicked.connect(self.options_asked)

    def show_title(self, title: str) -> None:
        """Show the chat's title."""
        self._title.show_text(title)

    def show_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer these models, pairs of path and name."""
        self._models.show_choices(choices)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for text, signal in (
            ("Find in this chat\tCtrl+F", self.find_asked),
            ("Rename\tF2", self.rename_asked),
            ("Copy the conversation", self.copy_asked),
            ("Export…", self.export_asked),
            ("Delete this chat", self.deletion_asked),
            ("Keyboard shortcuts\tCtrl+/", self.shortcuts_asked),
        ):
            menu.addAction(text).triggered.connect(signal)
        return menu
