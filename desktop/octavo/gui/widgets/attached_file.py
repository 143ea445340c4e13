"""A text file that goes with a message, and the chip that shows it with its cost."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PySide6.QtCore import Signal

from octavo.engine.errors import OctavoError
from octavo.gui.markdown.clean_text import clean
from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon
from octavo.gui.widgets.label import Label
from octavo.gui.wording import byte_count, count

MOST_BYTES = 512 * 1024
SHORTEST_FENCE = 3
NAME_CHARACTERS = 60
MODELS = (".gguf", ".safetensors")


@dataclass(frozen=True)
class AttachedFile:
    """A file's name and text."""

    name: str
    text: str

    @cached_property
    def as_markdown(self) -> str:
        """The file as it is sent: its name, and its text in a fence that nothing in it closes."""
        longest = SHORTEST_FENCE
        for line in self.text.splitlines():
            start = line.lstrip()
            longest = max(longest, len(start) - len(start.lstrip("`")) + 1)
        fence = "`" * longest
        language = Path(self.name).suffix.removeprefix(".")
        return f"{self.name}\n{fence}{language}\n{self.text.rstrip()}\n{fence}"


def read_attachment(path: Path) -> AttachedFile:
    """A text file from ``path``; refuses what is too large, no file, or no UTF-8 text."""
    name = clean(path.name).replace("\n", " ")[:NAME_CHARACTERS]
    try:
        # A pipe would be waited for.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise OctavoError(f"{name} is no file.", "Only text files can be attached.")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise OctavoError(f"{name} could not be read: {error.strerror}.") from error
    if len(content) > MOST_BYTES:
        raise OctavoError(f"{name} is larger than {byte_count(MOST_BYTES)}.", "Attach a part of it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OctavoError(f"{name} is no text in UTF-8.", "Only text files can be attached.") from error
    if "\0" in text:
        raise OctavoError(f"{name} is no text.", "Only text files can be attached.")
    return AttachedFile(name, text.replace("\r\n", "\n"))


def pasted_text(text: str, n_before: int) -> AttachedFile:
    """A text from the clipboard as a file; ``n_before`` such files are there already."""
    text = text.replace("\r\n", "\n").replace("\0", "")
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise OctavoError(f"The pasted text is larger than {byte_count(MOST_BYTES)}.", "Paste a part of it.")
    return AttachedFile("Pasted text" + (f" {n_before + 1}" if n_before else ""), text)


def may_be_attached(paths: Sequence[Path]) -> bool:
    """Whether these could be text files rather than models to open."""
    return bool(paths) and all(each.is_file() and each.suffix.lower() not in MODELS for each in paths)


class FileChip(Card):
    """An attached file with its cost in tokens, and a button that takes it away again."""

    removed = Signal(object)
    opened = Signal(object)

    def __init__(self, file: AttachedFile) -> None:
        super().__init__(kind="quiet", padding=0, gap=6, across=True)
        self.file = file
        self.body.setContentsMargins(8, 2, 2, 2)
        self._name = Button(file.name, "link", height=24, size=SMALL, name=f"Show what {file.name} sends")
        self._name.setToolTip("Show what is sent")
        self._cost = Label("", SMALL, tone="text3")
        remove = Button("", "ghost", "x", name=f"Remove {file.name}", height=24, icon_pixels=12)
        remove.setFixedWidth(24)
        for each in (Icon("file", size=14), self._name, self._cost, remove):
            self.body.addWidget(each)
        remove.clicked.connect(self._tell)
        self._name.clicked.connect(self._open)
        self.show_cost(0)

    def show_cost(self, n_tokens: int) -> None:
        """Show what the file costs; its size while the tokens are not known."""
        size = byte_count(len(self.file.text.encode()))
        self._cost.show_text(f"{count(n_tokens)} tokens" if n_tokens else size)
        self.setAccessibleName(f"Attached: {self.file.name}, {self._cost.text()}")

    def _open(self) -> None:
        self.opened.emit(self.file)

    def _tell(self) -> None:
        self.removed.emit(self)
