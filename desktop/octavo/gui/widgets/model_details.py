"""All about one model: what it needs, what it is, what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QMenu, QWidget

from octavo.gui.theme.fonts import BODY, SEMIBOLD, SMALL, TINY, TITLE
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon, Line, column, row
from octavo.gui.widgets.facts import Facts
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.memory_bar import MODEL_PARTS, Legend, MemoryBar, Part
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.wording import byte_count, figure

WIDTH = 368
LEAST_WIDTH = 324


class ModelDetails(Card):
    """The panel beside the list of models."""

    chat_asked = Signal()
    convert_asked = Signal()
    fit_asked = Signal()
    compare_asked = Signal()
    folder_asked = Signal()
    removal_asked = Signal()

    def __init__(self) -> None:
        super().__init__(padding=20, gap=12)
        self.setMinimumWidth(LEAST_WIDTH)
        self.setMaximumWidth(WIDTH)
        self._name = Label("", TITLE, SEMIBOLD, elide=True)
        self._file = Label("", TINY, tone="text3", code=True, elide=True)
        self.chat = Button("Chat", "primary", "message-square")
        self.convert = Button("Convert", "secondary", "layers")
        more = Button("", "ghost", "ellipsis", name="More actions")
        more.setMenu(self._menu())
        self._needed_title = Label("Memory", SMALL, SEMIBOLD, "text2")
        self._needed = Label("", BODY, SEMIBOLD)
        self._bar = MemoryBar(12)
        self._legend = Legend(MODEL_PARTS[:3])
        self._sentence = Label("", SMALL, tone="text2", wrap=True)
        self._facts = Facts()
        self._check_icon = Icon("loader-circle", "text3", 16)
        self._check = Label("", SMALL, tone="text2", wrap=True)
        for item in (
            column(self._name, self._file, gap=4),
            row(self.chat, self.convert, None, more),
            Line(),
            row(self._needed_title, None, self._needed),
        ):
            self.body.addWidget(item) if isinstance(item, Line) else self.body.addLayout(item)
        for widget in (self._bar, self._legend, self._sentence, Line()):
            self.body.addWidget(widget)
        at_the_top = QWidget()
        at_the_top.setLayout(column(self._facts, None))
        self.body.addWidget(scrolled(at_the_top), 1)
        check = row(self._check_icon, gap=8)
        check.addWidget(self._check, 1)
        self.body.addLayout(check)
        self.chat.clicked.connect(self.chat_asked)
        self.convert.clicked.connect(self.convert_asked)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())

    def show_model(self, name: str, file: str, facts: Sequence[tuple[str, str]]) -> None:
        """Show what a model is; its needs and its check are shown apart."""
        self._name.show_text(name)
        self._file.show_text(file)
        self._facts.show_facts(facts)

    def show_needs(self, title: str, parts: Sequence[Part], total: int, of_bytes: int, sentence: str) -> None:
        """Show the memory needed against ``of_bytes``, what is free now; no parts: nothing is known yet."""
        known = bool(parts)
        for widget in (self._bar, self._legend, self._needed):
            widget.setVisible(known)
        self._needed_title.show_text(title)
        self._needed.show_text(byte_count(total))
        self._bar.show_parts(parts, max(of_bytes, total))
        if known:
            self._legend.show_figures([figure(part.n_bytes, total) for part in parts])
        self._sentence.show_text(sentence)

    def show_check(self, icon_name: str, tone: str, text: str) -> None:
        """Say whether the file was checked, and what was found."""
        self._check_icon.show_icon(icon_name, tone)
        self._check.show_text(text)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for text, signal in (
            ("See what it needs", self.fit_asked),
            ("Compare with another…", self.compare_asked),
            ("Show in folder", self.folder_asked),
            ("Remove from the list", self.removal_asked),
        ):
            menu.addAction(text).triggered.connect(signal)
        return menu
