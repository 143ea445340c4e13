"""What a conversion would give, where it goes, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from octavo.gui.theme.fonts import MEDIUM, SEMIBOLD, SMALL, TITLE, font
from octavo.gui.widgets.button import HEIGHT, Button
from octavo.gui.widgets.card import Card, Line, fill, row
from octavo.gui.widgets.facts import Facts
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.memory_bar import MODEL_PARTS, Legend, MemoryBar, Part
from octavo.gui.widgets.pill import VerdictPill
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.wording import byte_count, figure

WIDTH = 340


class ResultPanel(Card):
    """The panel at the right of the Convert page."""

    convert_asked = Signal()
    place_asked = Signal()
    command_asked = Signal()
    name_changed = Signal()

    def __init__(self) -> None:
        super().__init__(padding=20, gap=12)
        self.setMinimumWidth(280)
        self.setMaximumWidth(WIDTH)
        self._memory, self._disk = Label("", SMALL, MEDIUM), Label("", SMALL, MEDIUM)
        self._bar, self._disk_bar = MemoryBar(14), MemoryBar(8)
        self._verdict = VerdictPill()
        self._sentence = Label("", SMALL, tone="text2", wrap=True)
        self._facts = Facts(gap=10)
        self.name = QLineEdit()
        self.name.setFont(font(SMALL))
        self.name.setFixedHeight(HEIGHT)
        self.name.setAccessibleName("Save as")
        self._folder = Label("", SMALL, tone="text3", elide=True)
        self._obstacle = Label("", SMALL, MEDIUM, "danger", wrap=True)
        place = Button("Choose…", "link", height=26, size=SMALL, name="Choose where to save")
        self.command = Button("Copy as command", "link", height=26, size=SMALL)
        self.convert = Button("Convert", "primary", "layers", height=40)
        self._add(place)
        self.convert.clicked.connect(self.convert_asked)
        place.clicked.connect(self.place_asked)
        self.command.clicked.connect(self.command_asked)
        self.name.textEdited.connect(self.name_changed)

    def _add(self, place: Button) -> None:
        figures = QWidget()
        # What is known above, where there is little room behind a scroll bar; what is to be done below.
        above = QVBoxLayout(figures)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(12)
        memory = row(Label("Memory to run", SMALL, SEMIBOLD, "text2"), None, self._memory)
        disk = row(Label("Disk space", SMALL, SEMIBOLD, "text2"), None, self._disk)
        fill(above, Label("After conversion", TITLE, SEMIBOLD), memory, self._bar, Legend(MODEL_PARTS[:3]))
        fill(
            above, row(self._verdict, None), self._sentence, Line(), disk, self._disk_bar, Line(), self._facts
        )
        above.addStretch(1)
        target = row(Label("Save as", SMALL, SEMIBOLD, "text2"), None, place)
        self.body.addWidget(scrolled(figures), 1)
        fill(self.body, Line(), target, self.name, self._folder, self._obstacle)
        fill(self.body, row(None, self.command, None), self.convert)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())

    def show_memory(self, parts: Sequence[Part], total: int, free: int, verdict: str, sentence: str) -> None:
        """Show what the result needs to run against what is free now."""
        self._memory.show_text(
            f"{figure(total, max(total, free))} of {byte_count(free)} free" if total else ""
        )
        self._bar.show_parts(parts, max(free, total))
        self._verdict.show_verdict(verdict)
        self._sentence.show_text("" if verdict == "runs well" else sentence)
        self._sentence.setVisible(bool(self._sentence.text()))

    def show_disk(self, n_bytes: int, free: int) -> None:
        """Show what the result takes of the disk it goes to."""
        unit = figure(n_bytes, max(n_bytes, free)) if n_bytes > 50_000_000 else byte_count(n_bytes)
        self._disk.show_text(f"{unit} of {byte_count(free)} free" if n_bytes else "")
        self._disk.show_tone("danger" if n_bytes > free else "text")
        self._disk_bar.show_parts([Part("File", n_bytes, "weights")], max(free, n_bytes))

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show the figures of the result."""
        self._facts.show_facts(facts)

    def show_target(self, name: str, folder: str) -> None:
        """Show where the result will go."""
        self.name.setText(name)
        self.name.setCursorPosition(0)
        self._folder.show_text(f"in {folder}" if folder else "")

    def show_obstacle(self, sentence: str) -> None:
        """Say why it cannot start, and what to do about it; nothing where it can."""
        self._obstacle.show_text(sentence)
        self._obstacle.setVisible(bool(sentence))

    def show_ready(self, is_ready: bool, text: str, *, is_main: bool) -> None:
        """Say whether it can start, what the button does, and whether it is the main thing to do."""
        self.convert.setEnabled(is_ready)
        self.command.setEnabled(is_ready)
        self.convert.show_text(text)
        self.convert.show_kind("primary" if is_main else "secondary")
