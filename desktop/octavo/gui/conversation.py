"""The chat on view and its place in the store: nothing that was said is ever only in memory.

The question is on the disk before the engine is asked; an answer is written every two seconds while it
streams, and at its end.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from octavo.store.chats import Chat, ChatMessage, ChatStore

SAVE_MS = 1500
TITLE_CHARACTERS = 60


class Conversation(QObject):
    """One chat, as a branch of its tree of messages.

    Attributes
    ----------
    chat : Chat or None
        None before the first question of a new chat.
    branch : list of ChatMessage
        From the first message to the last one on view.
    """

    chats_changed = Signal()

    def __init__(self, store: ChatStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.chat: Chat | None = None
        self.branch: list[ChatMessage] = []
        self._answer: ChatMessage | None = None
        self._text = ""
        self._timer = QTimer(self, interval=SAVE_MS)
        self._timer.timeout.connect(self._save)

    def chats(self) -> list[Chat]:
        """All chats, the one used last first."""
        return self._store.chats()

    def begin_new(self) -> None:
        """Begin a chat; it exists once something has been asked."""
        self.chat, self.branch = None, []

    def open(self, chat_id: int) -> None:
        """Show a chat from the store."""
        self.chat = next((each for each in self._store.chats() if each.id == chat_id), None)
        leaf = self.chat.leaf_id if self.chat else None
        self.branch = self._store.branch(leaf) if leaf is not None else []

    def delete(self) -> int | None:
        """Hide the chat on view and begin a new one; return its id, for ``restore``."""
        if self.chat is None:
            return None
        chat_id = self.chat.id
        self._store.delete_chat(chat_id)
        self.begin_new()
        self.chats_changed.emit()
        return chat_id

    def restore(self, chat_id: int) -> None:
        """Bring a deleted chat back."""
        self._store.restore_chat(chat_id)
        self.open(chat_id)
        self.chats_changed.emit()

    def add_question(self, text: str, model_path: str, system_prompt: str) -> ChatMessage:
        """Keep what the user said."""
        if self.chat is None:
            title = textwrap.shorten(text, TITLE_CHARACTERS, placeholder="…") or text[:TITLE_CHARACTERS]
            self.chat = self._store.new_chat(title, model_path, system_prompt)
        else:
            self._store.change_chat(self.chat.id, model_path=model_path, system_prompt=system_prompt)
        parent = self.branch[-1].id if self.branch else None
        asked = self._store.add_message(self.chat.id, "user", text, parent_id=parent)
        self.branch.append(asked)
        self.chats_changed.emit()
        return asked

    def begin_answer(self) -> ChatMessage:
        """Keep a place for the answer to the last question."""
        assert self.chat is not None
        self._text = ""
        self._answer = self._store.add_message(self.chat.id, "assistant", "", parent_id=self.branch[-1].id)
        self.branch.append(self._answer)
        self._timer.start()
        return self._answer

    def grow_answer(self, text: str) -> None:
        """Take more of the answer; it is written within two seconds."""
        self._text += text

    def end_answer(self, finish: str, stats: Mapping[str, Any]) -> ChatMessage | None:
        """Write the whole answer with its figures (plain values)."""
        self._timer.stop()
        answer, self._answer = self._answer, None
        if answer is None:
            return None
        self._store.change_message(answer.id, text=self._text, finish=finish, stats=stats)
        whole = ChatMessage(
            answer.id,
            answer.chat_id,
            answer.parent_id,
            answer.role,
            self._text,
            answer.created,
            finish,
            dict(stats),
        )
        self.branch = [whole if each.id == whole.id else each for each in self.branch]
        return whole

    def step_back(self, message_id: int) -> None:
        """End the branch before ``message_id``, for another answer to the same question."""
        places = [number for number, each in enumerate(self.branch) if each.id == message_id]
        if places:
            self.branch = self.branch[: places[0]]

    def siblings(self, message: ChatMessage) -> list[int]:
        """The ids of all answers to the same question."""
        everything = self._store.messages(message.chat_id)
        return [
            each.id
            for each in everything
            if each.parent_id == message.parent_id and each.role == message.role
        ]

    def show_sibling(self, message_id: int, step: int) -> None:
        """Show the branch of the previous or next answer to the same question."""
        message = next((each for each in self.branch if each.id == message_id), None)
        if message is None or self.chat is None:
            return
        ids = self.siblings(message)
        place = min(max(ids.index(message_id) + step, 0), len(ids) - 1)
        leaf = self._newest_leaf(ids[place])
        self._store.change_chat(self.chat.id, leaf_id=leaf)
        self.branch = self._store.branch(leaf)

    def messages_for_engine(self, system_prompt: str, question: str = "") -> list[dict[str, str]]:
        """The branch as the chat template takes it, without the answer under way, with ``question`` at its end."""
        said = [
            {"role": each.role, "content": each.text}
            for each in self.branch
            if self._answer is None or each.id != self._answer.id
        ]
        if question:
            said.append({"role": "user", "content": question})
        return [{"role": "system", "content": system_prompt}, *said] if system_prompt.strip() else said

    def close(self) -> None:
        """Write what is still under way and close the store."""
        if self._answer is not None:
            self.end_answer("cancelled", {})
        self._store.close()

    def _newest_leaf(self, message_id: int) -> int:
        """The last message below ``message_id``, always taking the newest."""
        assert self.chat is not None
        children: dict[int | None, int] = {}
        for each in self._store.messages(self.chat.id):
            children[each.parent_id] = max(each.id, children.get(each.parent_id, 0))
        while message_id in children:
            message_id = children[message_id]
        return message_id

    def _save(self) -> None:
        if self._answer is not None:
            self._store.change_message(self._answer.id, text=self._text)
