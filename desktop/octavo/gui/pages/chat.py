"""Chat with a model: conversations at the left, the one on view at the right."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.chat_upkeep import ChatUpkeep
from octavo.gui.conversation import Conversation
from octavo.gui.pages.chat_deletion import ChatDeletion
from octavo.gui.pages.chat_panel import ChatPanel
from octavo.gui.pages.chat_shelf import ChatShelf
from octavo.gui.widgets.card import Line
from octavo.gui.widgets.chat_list import ChatList
from octavo.gui.widgets.shortcuts_dialog import show_shortcuts
from octavo.gui.workspace import Workspace
from octavo.store.chat_export import as_markdown


class ChatPage(QWidget):
    """The page of conversations."""

    file_asked = Signal()

    def __init__(
        self, workspace: Workspace, desk: ChatDesk, conversation: Conversation, upkeep: ChatUpkeep
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self._workspace, self._desk, self._conversation = workspace, desk, conversation
        self.chats = ChatList()
        self.panel = ChatPanel(workspace, desk, conversation)
        problem, notice = self.panel.problem, self.panel.notice
        self.shelf = ChatShelf(self, self.chats, conversation, upkeep, problem, notice)
        self.deletion = ChatDeletion(self, conversation, notice, problem)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.chats)
        layout.addWidget(Line(upright=True))
        layout.addWidget(self.panel, 1)
        self._connect()
        self._add_shortcuts()
        self._show_chats()
        self._offer_interrupted()
        if conversation.store.problem:
            self.panel.problem.show_problem(conversation.store.problem)

    def begin_new(self) -> None:
        """Show an empty chat and wait for the first question."""
        self.panel.stop()
        self._conversation.begin_new()
        self._show_conversation()
        self.panel.composer.edit.setFocus()

    def open_chat(self, chat_id: int, message_id: int = 0) -> None:
        """Show a chat as it was left, or a message of it."""
        chat = self._conversation.chat
        if chat is None or chat.id != chat_id or message_id:
            self.panel.stop()
            self._conversation.open(chat_id, message_id or None)
            self._show_conversation()
        if message_id:
            self.panel.reveal_message(message_id)
        chat = self._conversation.chat
        if chat is not None and self._desk.state == "empty" and self._workspace.model(chat.model_path):
            self.panel.chat_with(chat.model_path)

    def _offer_interrupted(self) -> None:
        """Lead to the chat whose answer was cut off by the end of the program."""
        found = (self._conversation.store.chat(each) for each in self._conversation.interrupted)
        chat = next((each for each in found if each is not None and each.deleted is None), None)
        if chat is not None:
            told = f"The last answer in “{chat.title}” was cut off when Octavo ended."
            self.panel.notice.tell(told, "Show it", partial(self.open_chat, chat.id))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.panel.composer.edit.setFocus()

    def show_shortcuts(self) -> None:
        """Show what the keyboard can do."""
        show_shortcuts(self)

    def _connect(self) -> None:
        header = self.panel.header
        header.file_asked.connect(self.file_asked)
        header.copy_asked.connect(self._copy)
        header.rename_asked.connect(self.chats.begin_rename)
        header.export_asked.connect(self._export)
        header.deletion_asked.connect(self._delete)
        self.panel.deletion_asked.connect(self.deletion.delete_message)
        self.panel.turns.begun.connect(self.deletion.forget)
        self.deletion.changed.connect(self._show_conversation)
        header.find_asked.connect(self.panel.find_bar.open)
        header.shortcuts_asked.connect(self.show_shortcuts)
        self.shelf.opened.connect(self.open_chat)
        self.shelf.deletion_asked.connect(self._delete_chat)
        self.chats.new_asked.connect(self.begin_new)
        self.chats.left.connect(self.panel.composer.edit.setFocus)
        self._conversation.chats_changed.connect(self._show_chats)

    def _add_shortcuts(self) -> None:
        find = self.panel.finding
        for keys, slot in (
            ("Ctrl+F", self.panel.find_bar.open),
            ("F3", lambda: find.step(1)),
            ("Shift+F3", lambda: find.step(-1)),
            ("Ctrl+Shift+F", self.chats.field.setFocus),
            ("Ctrl+Shift+A", self.panel.files.choose),
            ("Ctrl+Shift+C", self.panel.copy_last),
            ("Ctrl+R", self.panel.turns.ask_last_again),
            ("Ctrl+,", self.panel.open_options),
            ("F2", self.chats.begin_rename),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    def _show_chats(self) -> None:
        chat = self._conversation.chat
        self.shelf.show()
        self.panel.header.show_title(chat.title if chat else "New chat")

    def _show_conversation(self) -> None:
        self._show_chats()
        self.panel.show_conversation()

    def _delete(self) -> None:
        if self._conversation.chat is not None:
            self._delete_chat(self._conversation.chat.id)

    def _delete_chat(self, chat_id: int) -> None:
        """Put a chat in the trash."""
        chat = self._conversation.chat
        if chat is not None and chat.id == chat_id:
            self.panel.stop()
        self.deletion.delete_chat(chat_id)

    def _copy(self) -> None:
        if self._conversation.chat is not None:
            text = as_markdown(self._conversation.chat, self._conversation.branch)
            QGuiApplication.clipboard().setText(text)

    def _export(self) -> None:
        if self._conversation.chat is not None:
            self.shelf.export(self._conversation.chat.id)
