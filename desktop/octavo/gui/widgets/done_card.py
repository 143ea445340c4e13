"""What a conversion made, the proof that it is sound, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLayout, QSizePolicy, QVBoxLayout, QWidget

from octavo.gui.theme.fonts import MEDIUM, READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon, row
from octavo.gui.widgets.label import Label

WHO_WIDTH = 52
MINIMUM_WIDTH, WORDS_FROM = 324, 530
FOLDER, COMMAND = "Show in folder", "Copy command"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is as it should be, and a sentence."""

    is_good: bool
    sentence: str


@dataclass(frozen=True)
class Outcome:
    """What a done card shows.

    Parameters
    ----------
    facts : sequence of str
        Size, time and the like, a few words each.
    checks : sequence of Check
    words : sequence of (str, str, str)
        Who said it, what, and the part from which on the two differ.
    checksum : str
    notes : sequence of str
        What people should know, a sentence each.
    """

    title: str
    facts: Sequence[str]
    checks: Sequence[Check]
    words: Sequence[tuple[str, str, str]]
    checksum: str
    notes: Sequence[str] = ()


class DoneCard(Card):
    """A finished conversion; the proof can be folded away."""

    chat_asked = Signal()
    compare_asked = Signal()
    folder_asked = Signal()
    command_asked = Signal()
    dismissal_asked = Signal()

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(gap=10)
        self.outcome = outcome
        away = Button("", "ghost", "x", height=26, name=f"Put away: {outcome.title}")
        self._fold = Button("Proof", "link", height=26, size=SMALL, name=f"Proof of {outcome.title}")
        head = row(Icon("circle-check", "ok", 18), gap=8)
        head.addWidget(Label(outcome.title, READING, SEMIBOLD, elide=True), 1)
        head.addWidget(self._fold)
        head.addWidget(away)
        self._chat = Button("Chat", "primary", "message-square", height=32, size=SMALL)
        compare = Button("Compare", "secondary", "columns-2", height=32, size=SMALL)
        compare.setToolTip("Ask the source and the copy the same, side by side")
        self._folder = Button(FOLDER, "secondary", "folder-open", height=32, size=SMALL)
        self._command = Button(COMMAND, "secondary", "copy", height=32, size=SMALL)
        self.proof = _Proof(outcome)
        self.body.addLayout(head)
        self.body.addWidget(Label(" · ".join(outcome.facts), SMALL, tone="text2", elide=True))
        self.body.addWidget(self.proof)
        self._acts = row(self._chat, compare, self._folder, self._command, None)
        self.body.addLayout(self._acts)
        self.setAccessibleName(f"{outcome.title}. {', '.join(outcome.facts)}")
        self._chat.clicked.connect(self.chat_asked)
        compare.clicked.connect(self.compare_asked)
        self._folder.clicked.connect(self.folder_asked)
        self._command.clicked.connect(self.command_asked)
        away.clicked.connect(self.dismissal_asked)
        self._fold.clicked.connect(self._toggle)

    def minimumSizeHint(self) -> QSize:
        return QSize(MINIMUM_WIDTH, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where there is little room, the icons of the rarer ones say enough.
        has_room = event.size().width() >= WORDS_FROM
        self._acts.setSpacing(8 if has_room else 4)
        self._folder.show_text(FOLDER if has_room else "", FOLDER)
        self._command.show_text(COMMAND if has_room else "", COMMAND)

    def step_back(self) -> None:
        """Make room for a newer one: fold the proof, and be no longer the main thing to do."""
        self.proof.hide()
        self._chat.show_kind("secondary")

    def _toggle(self) -> None:
        self.proof.setVisible(self.proof.isHidden())


class _Proof(QWidget):
    """The checks line by line, and what source and copy say to the same prompt."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for check in outcome.checks:
            layout.addLayout(_line(check.is_good, check.sentence))
        for who, same, different in outcome.words:
            layout.addLayout(_said(who, same, different))
        for note in outcome.notes:
            layout.addLayout(_line(False, note, "info", "text3"))
        if outcome.checksum:
            layout.addWidget(Label(outcome.checksum, SMALL, tone="text3", code=True, elide=True))


def _line(is_good: bool, sentence: str, icon_name: str = "circle-alert", tone: str = "warn") -> QLayout:
    icon = Icon("circle-check", "ok", 14) if is_good else Icon(icon_name, tone, 14)
    line = row(icon, gap=8)
    words = Label(sentence, SMALL, tone="text2", wrap=True)
    line.addWidget(words, 1)
    icon.setFixedHeight(words.fontMetrics().height())  # beside the first line of several
    line.setAlignment(icon, Qt.AlignmentFlag.AlignTop)
    return line


def _said(who: str, same: str, different: str) -> QLayout:
    """What one of the two said; the part from the first different token on stands out."""
    name = Label(who, SMALL, tone="text3")
    name.setFixedWidth(WHO_WIDTH)
    begins = Label(same, SMALL, tone="text2", elide=True)
    if different:  # no wider than it is, so that the other part follows it
        begins.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    line = row(name, gap=0)
    line.addWidget(begins, 0 if different else 1)
    if different:
        line.addWidget(Label(different, SMALL, MEDIUM, "accent_ink", elide=True), 1)
    line.setContentsMargins(22, 0, 0, 0)
    return line
