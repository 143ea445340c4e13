"""Chat with a model: conversations at the left, the one on view at the right."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversation import Conversation
from octavo.gui.pages.chat_panel import ChatPanel
from octavo.gui.pages.chat_words import as_markdown, days_of
from octavo.gui.widgets.card import Line
from octavo.gui.widgets.chat_list import ChatList
from octavo.gui.workspace import Workspace


class ChatPage(QWidget):
    """The page of conversations."""

    file_asked = Signal()

    def __init__(self, workspace: Workspace, desk: ChatDesk, conversation: Conversation) -> None:
        super().__init__()
        self.setObjectName("page")
        self._workspace, self._desk, self._conversation = workspace, desk, conversation
        self._chats = ChatList()
        self.panel = ChatPanel(workspace, desk, conversation)
        self._deleted: int | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._chats)
        layout.addWidget(Line(upright=True))
        layout.addWidget(self.panel, 1)
        self._connect()
        self._show_chats()

    def begin_new(self) -> None:
        """Show an empty chat and wait for the first question."""
        self.panel.stop()
        self._conversation.begin_new()
        self._show_conversation()
        self.panel.composer.edit.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.panel.composer.edit.setFocus()

    def _connect(self) -> None:
        header = self.panel.header
        header.file_asked.connect(self.file_asked)
        header.copy_asked.connect(self._copy)
        header.export_asked.connect(self._export)
        header.deletion_asked.connect(self._delete)
        self._chats.chosen.connect(self._open_chat)
        self._chats.new_asked.connect(self.begin_new)
        self.panel.problem.primary.clicked.connect(self._undo_deletion)
        self._conversation.chats_changed.connect(self._show_chats)

    def _show_chats(self) -> None:
        self._deleted = None
        chat = self._conversation.chat
        days = days_of(self._conversation.chats(), datetime.now())
        self._chats.show_chats(days, chat.id if chat else None)
        self.panel.header.show_title(chat.title if chat else "New chat")

    def _show_conversation(self) -> None:
        self._show_chats()
        self.panel.show_conversation()

    def _open_chat(self, chat_id: int) -> None:
        self.panel.stop()
        self._conversation.open(chat_id)
        self._show_conversation()
        chat = self._conversation.chat
        if chat is not None and self._desk.state == "empty" and self._workspace.model(chat.model_path):
            self.panel.chat_with(chat.model_path)

    def _delete(self) -> None:
        self.panel.stop()
        deleted = self._conversation.delete()
        self._show_conversation()
        self._deleted = deleted
        if deleted is not None:
            self.panel.problem.show_problem("The chat was deleted.", primary="Undo")

    def _undo_deletion(self) -> None:
        if self._deleted is not None:
            self._conversation.restore(self._deleted)
            self._show_conversation()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(as_markdown(self._conversation))

    def _export(self) -> None:
        dialog = QFileDialog(self, "Export the chat", "chat.md", "Markdown (*.md)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self._write_export)
        dialog.open()

    def _write_export(self, name: str) -> None:
        try:
            Path(name).write_text(as_markdown(self._conversation), "utf-8")
        except OSError as error:
            self.panel.problem.show_problem(f"{name} could not be written.", f"{error.strerror}.")
