"""A conversion while it waits and while it runs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar

from octavo.gui.theme.fonts import MEDIUM, READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon, row
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
        self._title = Label("", READING, SEMIBOLD, elide=True)
        self._share = Label("", READING, SEMIBOLD)
        self._line = ProgressLine("Conversion")
        self._tensor = Label("", SMALL, tone="text2", code=True, elide=True)
        self._doing = Label("", SMALL, tone="text2", elide=True)
        self._pace = Label("", SMALL, tone="text2")
        self._left = Label("", SMALL, MEDIUM)
        note = Label(
            "You can keep using the app. A cancelled job leaves no partial file.",
            SMALL,
            tone="text3",
            elide=True,
        )
        self.cancel = Button("Cancel", "danger", height=30, size=SMALL)
        head = row(Icon("loader-circle", "accent", 16))
        head.addWidget(self._title, 1)
        head.addWidget(self._share)
        below = row()
        below.addWidget(self._tensor, 1)
        below.addWidget(self._doing, 1)
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

    def begin(self, title: str) -> None:
        """Show a job that has just begun."""
        self._title.show_text(title)
        self.show_progress(0.0, "", "Starting", "")
        self.cancel.setAccessibleName(f"Cancel {title}")

    def show_progress(self, share: float, tensor: str, pace: str, left: str, doing: str = "") -> None:
        """Show how far it is: with a tensor, or with what is done otherwise."""
        self._share.show_text(f"{share:.0%}")
        self._line.show_share(share)
        self._tensor.show_text(tensor)
        self._doing.show_text(doing)
        self._tensor.setVisible(not doing)
        self._doing.setVisible(bool(doing))
        self._pace.show_text(pace)
        self._left.show_text(f"·  {left}" if left else "")
        self._left.setVisible(bool(left))

    def show_stopping(self) -> None:
        """Say that it is being stopped."""
        self.cancel.setEnabled(False)
        self._pace.show_text("Stopping")
        self._left.hide()


class WaitingCard(Card):
    """A conversion that waits for its turn."""

    cancel_asked = Signal()
    move_asked = Signal(int)

    def __init__(self, title: str, output: str) -> None:
        super().__init__(padding=10, gap=8, across=True)
        earlier = Button("", "ghost", "arrow-up", height=28, name=f"Earlier: {title}")
        later = Button("", "ghost", "arrow-down", height=28, name=f"Later: {title}")
        away = Button("", "ghost", "x", height=28, name=f"Take out of the queue: {title}")
        self.body.addWidget(Label(title, weight=MEDIUM, elide=True), 2)
        self.body.addWidget(Label(output, SMALL, tone="text3", elide=True), 1)
        self.body.addWidget(Label("waiting", SMALL, tone="text2"))
        for each in (earlier, later, away):
            self.body.addWidget(each)
        earlier.clicked.connect(self._move_up)
        later.clicked.connect(self._move_down)
        away.clicked.connect(self.cancel_asked)

    def _move_up(self) -> None:
        self.move_asked.emit(-1)

    def _move_down(self) -> None:
        self.move_asked.emit(1)
