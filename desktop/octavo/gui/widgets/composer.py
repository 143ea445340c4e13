"""Where a message is written: text, attached files, and the buttons that send and stop."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.attached_file import AttachedFile, FileChip
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label, restyle
from octavo.gui.widgets.message_edit import LONG_PASTE, MessageEdit

MOST_LINES = 8
MAX_CHARACTERS = 1_000_000


class Composer(Card):
    """The message field with its buttons; the same button sends and stops."""

    sent = Signal(str)
    stop_asked = Signal()
    prompt_asked = Signal()
    attach_asked = Signal()
    long_pasted = Signal(str)
    file_opened = Signal(object)
    too_long = Signal(int)
    text_changed = Signal(str)
    files_changed = Signal()

    def __init__(self) -> None:
        super().__init__(kind="composer", padding=10, gap=6)
        self.edit = MessageEdit(MOST_LINES)
        self.edit.setPlaceholderText("Write a message")
        self.edit.takes_long_apart = True
        self._is_answering = False
        self._hint = Label("Enter sends", SMALL, tone="text3")
        self._send = Button("Send", "primary", "arrow-up", height=32, size=SMALL)
        self._stop = Button("Stop", "secondary", "square", height=32, size=SMALL)
        self._stop.hide()
        self._attach = Button("", "ghost", "paperclip", name="Attach a text file (Ctrl+Shift+A)", height=32)
        prompt = Button("System prompt", "ghost", "scroll-text", height=32, size=SMALL)
        self._files = QWidget()
        self._chips = QHBoxLayout(self._files)
        self._chips.setContentsMargins(0, 0, 0, 0)
        self._chips.setSpacing(6)
        self._chips.addStretch(1)
        self._files.hide()
        self.body.addWidget(self._files)
        self.body.addLayout(row(self.edit, margins=(2, 2, 2, 0)))
        self.body.addLayout(row(self._attach, prompt, None, self._hint, self._send, self._stop))
        self.edit.send_asked.connect(self._send_text)
        self.edit.focused.connect(self._show_focus)
        self.edit.long_pasted.connect(self.long_pasted)
        self.edit.textChanged.connect(self._show_text)
        self._send.clicked.connect(self._send_text)
        self._stop.clicked.connect(self.stop_asked)
        self._attach.clicked.connect(self.attach_asked)
        prompt.clicked.connect(self.prompt_asked)
        self._show_text()

    @property
    def text(self) -> str:
        """What has been written."""
        return self.edit.toPlainText()

    @property
    def chips(self) -> list[FileChip]:
        """The attached files, in order."""
        return [each for each in self._files.findChildren(FileChip) if not each.isHidden()]

    @property
    def files(self) -> list[AttachedFile]:
        """The attached files, in order."""
        return [each.file for each in self.chips]

    @property
    def message(self) -> str:
        """The files and what has been written, as they are sent."""
        return "\n\n".join([*(each.as_markdown for each in self.files), self.text.strip()]).strip()

    def write(self, text: str) -> None:
        """Put ``text`` into the field; beside it where it is very long."""
        if len(text) > LONG_PASTE:
            self.long_pasted.emit(text)
        else:
            self.edit.setPlainText(text)

    def attach(self, files: Sequence[AttachedFile]) -> None:
        """Add files to the message."""
        for file in files:
            chip = FileChip(file)
            chip.removed.connect(self._remove)
            chip.opened.connect(self.file_opened)
            self._chips.insertWidget(self._chips.count() - 1, chip)
            chip.show()
        self._show_files()

    def clear(self) -> None:
        """Begin an empty message."""
        for chip in self.chips:
            self._drop(chip)
        self._show_files()
        self.edit.clear()

    def show_answering(self, is_answering: bool) -> None:
        """Offer Stop while an answer comes, else Send."""
        self._is_answering = is_answering
        self._send.setVisible(not is_answering)
        self._stop.setVisible(is_answering)
        self._hint.show_text("Esc stops the answer" if is_answering else "Enter sends")

    def show_stopping(self) -> None:
        """Say that the answer is being stopped."""
        self._hint.show_text("Stopping…")

    def _drop(self, chip: FileChip) -> None:
        chip.hide()
        self._chips.removeWidget(chip)
        chip.deleteLater()

    def _remove(self, chip: FileChip) -> None:
        self._drop(chip)
        self._show_files()
        self.edit.setFocus()

    def _show_files(self) -> None:
        self._files.setVisible(bool(self.chips))
        self._show_text()
        self.files_changed.emit()

    def _show_text(self) -> None:
        self._send.setEnabled(bool(self.text.strip()) or bool(self.chips))
        self.text_changed.emit(self.text)

    def _send_text(self) -> None:
        message = self.message
        if len(message) > MAX_CHARACTERS:
            self.too_long.emit(len(message))
        elif message and not self._is_answering:
            self.clear()
            self.sent.emit(message)

    def _show_focus(self, has_focus: bool) -> None:
        self.setProperty("focused", has_focus)
        restyle(self)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._show_text()
