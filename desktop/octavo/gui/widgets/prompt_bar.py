"""Where two models are asked: the prompt, examples of one, the longest answer, and the vote's switch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label, restyle
from octavo.gui.widgets.message_edit import MessageEdit
from octavo.gui.widgets.switch import Switch

MOST_LINES = 4
MAX_CHARACTERS = 100_000
LENGTHS = (64, 128, 256, 512)
_TIP = "Hide which model says what until you have voted"


class PromptBar(Card):
    """The prompt and its buttons; the same place compares and stops. What was asked stays in the field."""

    asked = Signal(str)
    stop_asked = Signal()
    blind_changed = Signal(bool)

    def __init__(self, examples: Sequence[str]) -> None:
        super().__init__(kind="composer", padding=10, gap=6)
        self.edit = MessageEdit(MOST_LINES)
        self.edit.setAccessibleName("Prompt for both models")
        self.edit.setPlaceholderText("Ask both models the same")
        self.n_tokens = LENGTHS[1]
        self._is_asking = False
        self._can_ask = True
        example = Button("Examples", "ghost", "scroll-text", height=32, size=SMALL, name="Example prompts")
        menu = QMenu(example)
        for each in examples:
            menu.addAction(each.replace("&", "&&")).triggered.connect(partial(self.write, each))
        example.setMenu(menu)
        self.length = Button("Length", "ghost", "sliders-horizontal", height=32, size=SMALL)
        lengths = QMenu(self.length)
        for n in LENGTHS:
            lengths.addAction(f"{n} tokens").triggered.connect(partial(self.choose_length, n))
        self.length.setMenu(lengths)
        self.blind = Switch("Blind: hide which model says what until you have voted")
        self.blind.setToolTip(_TIP)
        blind = Label("Blind", SMALL, tone="text2")
        blind.setToolTip(_TIP)
        self.compare = Button("Compare", "primary", "columns-2", height=32, size=SMALL)
        self.stop = Button("Stop", "secondary", "square", height=32, size=SMALL, name="Stop comparing")
        self.stop.hide()
        self.body.addLayout(row(self.edit, margins=(2, 2, 2, 0)))
        self.body.addLayout(
            row(example, self.length, None, blind, self.blind, self.compare, self.stop, gap=8)
        )
        self.choose_length(self.n_tokens)
        self.edit.send_asked.connect(self._ask)
        self.edit.focused.connect(self._show_focus)
        self.edit.textChanged.connect(self._show_buttons)
        self.compare.clicked.connect(self._ask)
        self.stop.clicked.connect(self.stop_asked)
        self.blind.toggled.connect(self.blind_changed)
        self._show_buttons()

    def write(self, text: str) -> None:
        """Put a prompt into the field."""
        self.edit.setPlainText(text)
        self.edit.setFocus()

    def choose_length(self, n_tokens: int) -> None:
        """Let answers be so long at most, tokens."""
        self.n_tokens = n_tokens
        self.length.show_text(f"{n_tokens} tokens", f"Longest answer: {n_tokens} tokens")
        self.length.setToolTip("Longest answer of each")

    def show_asking(self, is_asking: bool) -> None:
        """Offer Stop while answers come, else Compare."""
        self._is_asking = is_asking
        self.compare.setVisible(not is_asking)
        self.stop.setVisible(is_asking)

    def allow(self, can_ask: bool) -> None:
        """Let it be asked, or not: two models must be chosen."""
        self._can_ask = can_ask
        self._show_buttons()

    def _show_buttons(self) -> None:
        self.compare.setEnabled(self._can_ask and bool(self.edit.toPlainText().strip()))

    def _ask(self) -> None:
        if self.compare.isEnabled() and not self._is_asking:
            self.asked.emit(self.edit.toPlainText().strip()[:MAX_CHARACTERS])

    def _show_focus(self, has_focus: bool) -> None:
        self.setProperty("focused", has_focus)
        restyle(self)
