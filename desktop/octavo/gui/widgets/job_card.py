"""A conversion while it runs, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar

from octavo.gui.theme.fonts import MEDIUM, READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon, column, row
from octavo.gui.widgets.label import Label

STEPS = 1000


class ProgressLine(QProgressBar):
    """A thin line that fills up."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setTextVisible(False)
        self.setFixedHeight(6)
        self.setRange(0, STEPS)
        self.setAccessibleName(name)

    def show_share(self, share: float) -> None:
        """Fill ``share`` (0 to 1) of the line."""
        self.setValue(round(share * STEPS))


class JobCard(Card):
    """Progress of a conversion with a way to stop it."""

    cancel_asked = Signal()

    def __init__(self) -> None:
        super().__init__(gap=10)
        self._title = Label("", READING, SEMIBOLD)
        self._share = Label("", READING, SEMIBOLD)
        self._line = ProgressLine("Conversion")
        self._tensor = Label("", SMALL, tone="text2", code=True, elide=True)
        self._pace = Label("", SMALL, tone="text2")
        self._left = Label("", SMALL, MEDIUM)
        note = Label(
            "You can keep using the app. A cancelled job leaves no partial file.",
            SMALL,
            tone="text3",
            elide=True,
        )
        self.cancel = Button("Cancel", "danger", height=30, size=SMALL)
        head = row(Icon("loader-circle", "accent", 16), self._title, None, self._share)
        below = row()
        below.addWidget(self._tensor, 1)
        below.addWidget(self._pace)
        below.addWidget(self._left)
        foot = row()
        foot.addWidget(note, 1)
        foot.addWidget(self.cancel)
        for item in (head, self._line, below, foot):
            if isinstance(item, ProgressLine):
                self.body.addWidget(item)
            else:
                self.body.addLayout(item)
        self.cancel.clicked.connect(self.cancel_asked)
        self.hide()

    def begin(self, title: str) -> None:
        """Show a job that has just begun."""
        self._title.show_text(title)
        self.show_progress(0.0, "", "Starting", "")
        self.cancel.setEnabled(True)
        self.show()

    def show_progress(self, share: float, tensor: str, pace: str, left: str) -> None:
        """Show how far it is."""
        self._share.show_text(f"{share:.0%}")
        self._line.show_share(share)
        self._tensor.show_text(tensor)
        self._pace.show_text(pace)
        self._left.show_text(f"·  {left}" if left else "")

    def show_stopping(self) -> None:
        """Say that it is being stopped."""
        self.cancel.setEnabled(False)
        self._pace.show_text("Stopping")
        self._left.show_text("")


class DoneCard(Card):
    """What a conversion made, and what can be done with it."""

    chat_asked = Signal()
    folder_asked = Signal()
    command_asked = Signal()

    def __init__(self) -> None:
        super().__init__(gap=10)
        self._title = Label("", READING, SEMIBOLD, elide=True)
        self._facts = Label("", SMALL, tone="text2", elide=True)
        self._sum = Label("", SMALL, tone="text3", code=True, elide=True)
        chat = Button("Chat", "primary", "message-square", height=32, size=SMALL)
        folder = Button("Show in folder", "secondary", "folder-open", height=32, size=SMALL)
        command = Button("Copy command", "secondary", "copy", height=32, size=SMALL)
        head = row(Icon("circle-check", "ok", 18), gap=8)
        head.addWidget(self._title, 1)
        self.body.addLayout(head)
        self.body.addLayout(column(self._facts, self._sum))
        self.body.addLayout(row(chat, folder, command, None))
        chat.clicked.connect(self.chat_asked)
        folder.clicked.connect(self.folder_asked)
        command.clicked.connect(self.command_asked)
        self.hide()

    def show_result(self, title: str, facts: Sequence[str], checksum: str) -> None:
        """Show the result."""
        self._title.show_text(title)
        self._facts.show_text(" · ".join(facts))
        self._sum.show_text(checksum)
        self.setAccessibleName(f"{title}. {', '.join(facts)}")
        self.show()
