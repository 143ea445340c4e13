"""The chat on view and its place in the store: nothing that was said is ever only in memory.

The question is on the disk before the engine is asked; an answer is written every two seconds while it
streams, and at its end. Edits and second answers are branches beside what was there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from octavo.store.chat_records import ANSWER, title_of
from octavo.store.chat_settings import ChatSettings
from octavo.store.chat_tree import ChatTree
from octavo.store.chats import Chat, ChatMessage, ChatStore
from octavo.store.database import NotSaved
from octavo.store.kept_caches import chat_key

SAVE_MS = 1500


class Conversation(QObject):
    """One chat, as a branch of its tree of messages.

    Methods that keep something raise ``NotSaved`` where it cannot be written (disk full); an answer under way
    goes on all the same, and ``not_saved`` tells once why it is not on the disk.

    Attributes
    ----------
    store : ChatStore
    chat : Chat or None
        None before the first question of a new chat.
    branch : list of ChatMessage
        From the first message to the last one on view.
    tree : ChatTree
        All messages of the chat.
    interrupted : list of int
        The chats with an answer that the end of the program has cut off, newest first.
    """

    chats_changed = Signal()
    not_saved = Signal(str)

    def __init__(self, store: ChatStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = self._store = store
        self.chat: Chat | None = None
        self.branch: list[ChatMessage] = []
        self.tree = ChatTree()
        self._answer: ChatMessage | None = None
        self._text = ""
        self._saved = ""
        self._is_told = False
        self._timer = QTimer(self, interval=SAVE_MS)
        self._timer.timeout.connect(self._save)
        self.interrupted = [] if store.is_read_only else store.mark_interrupted()

    def chats(self) -> list[Chat]:
        """All chats: those pinned, then the one used last first."""
        return self._store.chats()

    def begin_new(self) -> None:
        """Begin a chat; it exists once something has been asked."""
        self.chat, self.branch, self.tree = None, [], ChatTree()

    def open(self, chat_id: int, message_id: int | None = None) -> None:
        """Show a chat from the store, on the branch of ``message_id`` if one is given."""
        self.chat = self._store.chat(chat_id)
        self.tree = self._store.tree(chat_id) if self.chat else ChatTree()
        self.branch = self.tree.path(self.chat.leaf_id) if self.chat else []
        if message_id is not None and message_id in self.tree:
            self.show_message(message_id)

    def rename(self, title: str) -> None:
        """Call the chat on view otherwise."""
        title = " ".join(title.split())
        if title:
            self._change(title=title)

    def pin(self, is_pinned: bool) -> None:
        """Keep the chat on view on top of the list, or no longer."""
        self._change(is_pinned=is_pinned)

    def keep_settings(self, settings: ChatSettings) -> None:
        """Keep the chat's own settings, its system prompt too."""
        self._change(settings=settings, system_prompt=settings.system_prompt)

    def delete(self) -> int | None:
        """Put the chat on view in the trash and begin a new one; return its id, for ``restore``."""
        if self.chat is None:
            return None
        chat_id = self.chat.id
        self._store.trash.put(chat_id)
        self.begin_new()
        self.chats_changed.emit()
        return chat_id

    def restore(self, chat_id: int) -> None:
        """Bring a deleted chat back."""
        self._store.trash.restore(chat_id)
        self.open(chat_id)
        self.chats_changed.emit()

    @property
    def key(self) -> str:
        """What names the chat on view to the engine; empty while there is none."""
        return chat_key(self.chat.id) if self.chat else ""

    def add_question(self, text: str, model_path: str, system_prompt: str) -> ChatMessage:
        """Keep what the user said, after the branch on view."""
        if self.chat is None:
            self.chat = self._store.new_chat(title_of(text), model_path, system_prompt)
        else:
            self._store.change_chat(self.chat.id, model_path=model_path, system_prompt=system_prompt)
        asked = self._add("user", text, self.branch[-1].id if self.branch else None)
        self.branch.append(asked)
        self.chats_changed.emit()
        return asked

    def edit(self, message_id: int, text: str) -> ChatMessage:
        """Put ``text`` beside a message of the branch, question or answer, and end the branch with it."""
        old = self.tree[message_id]
        self.step_back(message_id)
        edited = self._add(old.role, text, old.parent_id, finish="edited" if old.role == ANSWER else "")
        self.branch.append(edited)
        self.chats_changed.emit()
        return edited

    def begin_answer(self) -> ChatMessage:
        """Keep a place for the answer to the last question."""
        self._end_stray()
        self._text = self._saved = ""
        self._answer = self._add(ANSWER, "", self.branch[-1].id)
        self.branch.append(self._answer)
        self._start_saving()
        return self._answer

    def continue_answer(self) -> ChatMessage:
        """Go on with the last answer of the branch, which ended too early; what comes is added to its text."""
        self._end_stray()
        self._answer = replace(self.branch[-1], finish="")
        self._text = self._saved = self._answer.text
        self._store.change_message(self._answer.id, finish="")
        self._put(self._answer)
        self._start_saving()
        return self._answer

    @property
    def answer_so_far(self) -> str:
        """The text of the answer under way."""
        return self._text

    def grow_answer(self, text: str) -> None:
        """Take more of the answer; it is written within two seconds."""
        self._text += text

    def end_answer(self, finish: str, stats: Mapping[str, Any]) -> ChatMessage | None:
        """Write the whole answer with its figures (plain values)."""
        self._timer.stop()
        answer, self._answer = self._answer, None
        if answer is None:
            return None
        whole = replace(answer, text=self._text, finish=finish, stats=dict(stats))
        self._put(whole)
        self._try_to_write(whole.id, text=whole.text, finish=finish, stats=whole.stats)
        return whole

    def step_back(self, message_id: int) -> None:
        """End the branch before ``message_id``, for another answer to the same question."""
        places = [number for number, each in enumerate(self.branch) if each.id == message_id]
        if places:
            self.branch = self.branch[: places[0]]

    def siblings(self, message: ChatMessage) -> list[int]:
        """The ids of all messages in the place of ``message``, oldest first, itself among them."""
        return self.tree.siblings(message.id) if message.id in self.tree else [message.id]

    def show_sibling(self, message_id: int, step: int) -> None:
        """Show the branch of the previous (-1) or next (1) message in the same place, as it was left."""
        if message_id in self.tree:
            ids = self.tree.siblings(message_id)
            self.show_message(ids[min(max(ids.index(message_id) + step, 0), len(ids) - 1)])

    def show_message(self, message_id: int) -> None:
        """Show the branch that ``message_id`` is on, as it was left."""
        if self.chat is None:
            return
        self._show_leaf(self.tree.leaf_below(message_id))

    def delete_message(self, message_id: int) -> float:
        """Put a message in the trash with all below it, and show what stands beside or before it.

        Returns what ``restore_messages`` brings it back by.
        """
        assert self.chat is not None
        ids = self.tree.siblings(message_id)
        place = ids.index(message_id)
        beside = ids[place + 1 :][:1] or ids[:place][-1:]
        parent = self.tree[message_id].parent_id
        with self._store.all_or_nothing():
            deleted = self._store.trash.put_message(message_id)
            self.tree = self._store.tree(self.chat.id)
            self._show_leaf(self.tree.leaf_below(beside[0]) if beside else parent)
        return deleted

    def restore_messages(self, message_id: int, deleted: float) -> None:
        """Undo ``delete_message``."""
        assert self.chat is not None
        with self._store.all_or_nothing():
            self._store.trash.restore_messages(self.chat.id, deleted)
            self.tree = self._store.tree(self.chat.id)
            self._show_leaf(self.tree.leaf_below(message_id))

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
        self._end_stray()
        self._store.close()

    def _show_leaf(self, leaf: int | None) -> None:
        assert self.chat is not None
        self._store.show_branch(self.chat.id, leaf, self.tree.show(leaf))
        self.branch = self.tree.path(leaf)
        self.chat = replace(self.chat, leaf_id=leaf)

    def _change(self, **changes: Any) -> None:  # the arguments of ChatStore.change_chat
        if self.chat is not None:
            self._store.change_chat(self.chat.id, **changes)
            self.chat = self._store.chat(self.chat.id)
            self.chats_changed.emit()

    def _add(self, role: str, text: str, parent_id: int | None, finish: str = "") -> ChatMessage:
        assert self.chat is not None
        added = self._store.add_message(self.chat.id, role, text, parent_id=parent_id, finish=finish)
        self.tree.add(added)
        self.chat = replace(self.chat, leaf_id=added.id, updated=added.created)
        return added

    def _put(self, message: ChatMessage) -> None:
        """Show the newer state of a message, if its chat is still the one on view."""
        if message.id in self.tree:
            self.tree.add(message)
            self.branch = [message if each.id == message.id else each for each in self.branch]

    def _start_saving(self) -> None:
        self._is_told = False
        self._timer.start()

    def _end_stray(self) -> None:
        """An answer that nobody ended is stopped."""
        if self._answer is not None:
            self.end_answer("cancelled", {})

    def _save(self) -> None:
        if self._answer is not None and self._text != self._saved:
            self._try_to_write(self._answer.id, text=self._text)

    def _try_to_write(self, message_id: int, *, text: str, **others: Any) -> None:
        """Write a message; where that fails the text stays on view, and the user is told once."""
        try:
            self._store.change_message(message_id, text=text, **others)
            self._saved = text
        except NotSaved as error:
            if not self._is_told:
                self._is_told = True
                self.not_saved.emit(f"{error.message} {error.hint}")
