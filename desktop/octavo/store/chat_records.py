"""What the chat store gives out: chats, their messages, their folders."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import Any

from octavo.store.chat_settings import ChatSettings, read_chat_settings

CHAT_COLUMNS = (
    "id, title, model_path, system_prompt, leaf_id, created, updated, folder_id, pinned, settings, deleted"
)
MESSAGE_COLUMNS = "id, chat_id, parent_id, role, text, created, finish, stats"

ANSWER = "assistant"
# How an answer ended that the program did not live to see the end of.
INTERRUPTED = "interrupted"
# How an answer can end before its model meant it to; it can be gone on with.
UNFINISHED = frozenset({"cancelled", INTERRUPTED, "failed", "length"})
_TITLE_CHARACTERS = 60


def title_of(question: str) -> str:
    """What a chat that begins with a question is called at first."""
    return textwrap.shorten(question, _TITLE_CHARACTERS, placeholder="…") or question[:_TITLE_CHARACTERS]


@dataclass(frozen=True)
class Chat:
    """A conversation.

    Parameters
    ----------
    leaf_id : int or None
        The last message of the branch shown last.
    created, updated : float
        Seconds since 1970; ``updated`` is when the last message came.
    folder_id : int or None
        The folder it was put in.
    is_pinned : bool
        Kept on top of the list.
    settings : ChatSettings or None
        Its own settings; None while it follows those of the program.
    deleted : float or None
        When it was put in the trash, seconds since 1970.
    """

    id: int
    title: str
    model_path: str
    system_prompt: str
    leaf_id: int | None
    created: float
    updated: float
    folder_id: int | None = None
    is_pinned: bool = False
    settings: ChatSettings | None = None
    deleted: float | None = None


@dataclass(frozen=True)
class Folder:
    """A named place for chats; ``n_chats`` does not count those in the trash."""

    id: int
    name: str
    n_chats: int = 0


@dataclass(frozen=True)
class ChatMessage:
    """One message; ``finish`` and ``stats`` (JSON values) belong to answers.

    ``finish`` is ``stop``, ``length``, ``cancelled``, ``failed``, ``interrupted`` (the program ended before the
    answer did), ``edited`` (the user wrote it), or empty while the answer is still coming.
    """

    id: int
    chat_id: int
    parent_id: int | None
    role: str
    text: str
    created: float
    finish: str
    stats: dict[str, Any]  # whatever figures the front-end shows under an answer

    @property
    def can_continue(self) -> bool:
        """Whether it is an answer that ended before its model meant it to, with something to go on from."""
        return self.role == ANSWER and self.finish in UNFINISHED and bool(self.text)


def read_chat(row: tuple[Any, ...]) -> Chat:
    """A chat from its ``CHAT_COLUMNS``."""
    number, title, model, prompt, leaf, created, updated, folder, pinned, settings, deleted = row
    own = read_chat_settings(settings) if settings else None
    return Chat(
        number, title, model, prompt, leaf, created, updated, folder, bool(pinned), own, deleted=deleted
    )


def read_message(row: tuple[Any, ...]) -> ChatMessage:
    """A message from its ``MESSAGE_COLUMNS``."""
    message_id, chat_id, parent_id, role, text, created, finish, stats = row
    return ChatMessage(message_id, chat_id, parent_id, role, text, created, finish, json.loads(stats))
