"""The messages of one chat as a tree: edits and second answers are siblings, nothing replaces anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from octavo.store.chat_records import ChatMessage


class ChatTree:
    """All messages of a chat.

    Parameters
    ----------
    messages : iterable of ChatMessage
        Oldest first.
    shown : mapping of int to int
        The child that was on view last, by parent.
    """

    def __init__(self, messages: Iterable[ChatMessage] = (), shown: Mapping[int, int] | None = None) -> None:
        self._messages: dict[int, ChatMessage] = {}
        self._children: dict[int | None, list[int]] = {}
        self._shown: dict[int, int] = {}
        for message in messages:
            self.add(message)
        self._shown.update(shown or {})

    def __len__(self) -> int:
        return len(self._messages)

    def __contains__(self, message_id: int) -> bool:
        return message_id in self._messages

    def __getitem__(self, message_id: int) -> ChatMessage:
        return self._messages[message_id]

    def add(self, message: ChatMessage) -> None:
        """Add a message, or put the newer state of one in its place."""
        if message.id not in self._messages:
            self._children.setdefault(message.parent_id, []).append(message.id)
            if message.parent_id is not None:
                self._shown[message.parent_id] = message.id
        self._messages[message.id] = message

    def path(self, leaf_id: int | None) -> list[ChatMessage]:
        """The messages from the first one to ``leaf_id``."""
        found: list[ChatMessage] = []
        while leaf_id is not None and leaf_id in self._messages and len(found) < len(self._messages):
            found.append(self._messages[leaf_id])
            leaf_id = self._messages[leaf_id].parent_id
        return found[::-1]

    def siblings(self, message_id: int) -> list[int]:
        """The ids of all messages in the same place of the conversation, oldest first, itself among them."""
        return list(self._children[self._messages[message_id].parent_id])

    def leaf_below(self, message_id: int) -> int:
        """The end of the branch through ``message_id`` that was on view last."""
        for _ in range(len(self._messages)):
            children = self._children.get(message_id)
            if not children:
                break
            shown = self._shown.get(message_id)
            message_id = shown if shown in children else children[-1]
        return message_id

    def show(self, leaf_id: int | None) -> list[tuple[int, int]]:
        """Take the branch that ends in ``leaf_id`` for the one on view; pairs of parent and child that changed."""
        changed = []
        for message in self.path(leaf_id):
            if message.parent_id is not None and self._shown.get(message.parent_id) != message.id:
                self._shown[message.parent_id] = message.id
                changed.append((message.parent_id, message.id))
        return changed
