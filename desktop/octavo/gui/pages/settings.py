"""What the user can choose once for all: look, defaults of the engine, folders."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from octavo.engine.estimate.memory import DEFAULT_CONTEXT
from octavo.engine.folders import data_folder
from octavo.gui.show_folder import show_in_folder
from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Item, Line, column, row
from octavo.gui.widgets.context_slider import ContextSlider
from octavo.gui.widgets.count_slider import CountSlider
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.widgets.segments import Segments
from octavo.gui.workspace import Workspace

LONGEST_CONTEXT = 131_072
CONTROL_WIDTH = 300
WIDTH = 720
THEMES = (("system", "System"), ("light", "Light"), ("dark", "Dark"))
KV_TYPES = (("f16", "16-bit"), ("q8_0", "8-bit"))


class SettingsPage(Page):
    """Cards of settings; every change is saved at once."""

    theme_chosen = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__("Settings", "Every change is saved at once.")
        self._workspace = workspace
        kept = workspace.settings
        self._theme = Segments("Theme", THEMES, kept.theme)
        self._context = ContextSlider("Default context", is_plain=True)
        self._context.show_range(LONGEST_CONTEXT, kept.context_tokens or DEFAULT_CONTEXT)
        self._threads = CountSlider("Threads", os.cpu_count() or 1, workspace.n_threads, is_plain=True)
        self._kv = Segments("KV cache precision", KV_TYPES, kept.kv_type)
        self._output = Label("", SMALL, tone="text2", elide=True)
        self._folders = Label("", SMALL, tone="text2", wrap=True)
        self._arrange()
        self._theme.chosen.connect(self._take_theme)
        self._context.chosen.connect(self._take_context)
        self._threads.chosen.connect(self._take_threads)
        self._kv.chosen.connect(self._take_kv)
        self._show_folders()

    def _arrange(self) -> None:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        output = Button("Choose…", height=30, size=SMALL, name="Choose where conversions go")
        beside = Button("Beside the source", "ghost", height=30, size=SMALL)
        folder = Button("Add folder…", height=30, size=SMALL, name="Add a folder of models")
        forget = Button("Clear", "ghost", height=30, size=SMALL, name="Forget the folders of models")
        data = Button("Show", height=30, size=SMALL, name="Show the data folder")
        place = Label(str(data_folder()), SMALL, tone="text2", elide=True)
        cards = (
            ("Look", [self._line("Theme", "System follows the desktop.", self._theme)]),
            (
                "Engine",
                [
                    self._line(
                        "Default context",
                        "Each model has a limit of its own.",
                        self._context,
                    ),
                    self._line("Threads", "More than the physical cores rarely helps.", self._threads),
                    self._line("KV cache precision", "8-bit halves the memory of long chats.", self._kv),
                ],
            ),
            (
                "Folders",
                [
                    self._line("Conversions go", self._output, row(None, beside, output)),
                    self._line("Also look for models in", self._folders, row(None, forget, folder)),
                    self._line("Chats, settings and converted models", place, row(None, data)),
                ],
            ),
        )
        for title, lines in cards:
            card = Card(Label(title, READING, SEMIBOLD), padding=20, gap=14)
            card.setMaximumWidth(WIDTH)
            for number, line in enumerate(lines):
                if number:
                    card.body.addWidget(Line())
                card.body.addLayout(line)
            layout.addWidget(card)
        layout.addStretch(1)
        self.body.addWidget(scrolled(inner), 1)
        output.clicked.connect(self._choose_output)
        beside.clicked.connect(self._put_beside)
        folder.clicked.connect(self._choose_folder)
        forget.clicked.connect(self._forget_folders)
        data.clicked.connect(self._show_data)

    def _line(self, name: str, about: str | Label, control: Item) -> QVBoxLayout:
        """A setting: name and explanation at the left, its control at the right."""
        words = about if isinstance(about, Label) else Label(about, SMALL, tone="text2", wrap=True)
        line = row(gap=24)
        line.addLayout(column(Label(name), words, gap=3), 1)
        holder = QWidget()
        holder.setFixedWidth(CONTROL_WIDTH)
        holder.setLayout(column(control))
        line.addWidget(holder)
        return column(line)

    def _take_theme(self, theme: str) -> None:
        self._workspace.change_settings(theme=theme)
        self.theme_chosen.emit(theme)

    def _take_context(self, tokens: int) -> None:
        self._workspace.change_settings(context_tokens=tokens)

    def _take_threads(self, n_threads: int) -> None:
        self._workspace.change_settings(n_threads=n_threads)

    def _take_kv(self, kv_type: str) -> None:
        self._workspace.change_settings(kv_type=kv_type)

    def _show_folders(self) -> None:
        kept = self._workspace.settings
        self._output.show_text(kept.output_folder or "beside the source")
        self._folders.show_text("\n".join(kept.model_folders) or "no other folders")

    def _choose_output(self) -> None:
        self._ask_folder("Where conversions go", self._take_output)

    def _choose_folder(self) -> None:
        self._ask_folder("Look for models in", self._take_folder)

    def _ask_folder(self, title: str, slot: object) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(slot)
        dialog.open()

    def _take_output(self, name: str) -> None:
        self._workspace.change_settings(output_folder=name)
        self._show_folders()

    def _put_beside(self) -> None:
        self._take_output("")

    def _take_folder(self, name: str) -> None:
        folders = self._workspace.settings.model_folders
        if name and name not in folders:
            self._workspace.change_settings(model_folders=(*folders, name))
            self._workspace.look_for_models()
        self._show_folders()

    def _forget_folders(self) -> None:
        self._workspace.change_settings(model_folders=())
        self._workspace.look_for_models()
        self._show_folders()

    def _show_data(self) -> None:
        show_in_folder(Path(data_folder()))
