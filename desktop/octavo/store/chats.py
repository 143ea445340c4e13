"""Chats: a tree of messages each, in SQLite, saved before anybody answers.

An edited question or a second answer is a new child of the same parent; nothing is overwritten. A chat
remembers the leaf that was shown last. Times are seconds since 1970.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from octavo.engine.folders import data_folder
from octavo.store.database import open_database, transaction

_MIGRATIONS = (
    """
    CREATE TABLE chats (
        id INTEGER PRIMARY KEY,
        title TEXT NOT NULL,
        model_path TEXT NOT NULL,
        system_prompt TEXT NOT NULL,
        leaf_id INTEGER,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        deleted REAL
    );
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        parent_id INTEGER REFERENCES messages (id) ON DELETE CASCADE,
        role TEXT NOT NULL,
        text TEXT NOT NULL,
        created REAL NOT NULL,
        finish TEXT NOT NULL,
        stats TEXT NOT NULL
    );
    CREATE INDEX messages_of_chat ON messages (chat_id);
    CREATE INDEX messages_of_parent ON messages (parent_id)
    """,
)
_CHAT = "id, title, model_path, system_prompt, leaf_id, created, updated"
_MESSAGE = "id, chat_id, parent_id, role, text, created, finish, stats"


@dataclass(frozen=True)
class Chat:
    """A conversation; ``leaf_id`` is the last message of the branch shown last."""

    id: int
    title: str
    model_path: str
    system_prompt: str
    leaf_id: int | None
    created: float
    updated: float


@dataclass(frozen=True)
class ChatMessage:
    """One message; ``finish`` and ``stats`` (JSON values) belong to answers.

    ``finish`` is ``stop``, ``length``, ``cancelled``, or empty while the answer is still coming: an empty
    one found at the start of the program is an answer that was cut off.
    """

    id: int
    chat_id: int
    parent_id: int | None
    role: str
    text: str
    created: float
    finish: str
    stats: dict[str, Any]  # whatever figures the front-end shows under an answer


class ChatStore:
    """The chats of one data folder; one writer at a time."""

    def __init__(self, path: Path | None = None) -> None:
        self._database, self.problem = open_database(path or data_folder() / "chats.sqlite", _MIGRATIONS)

    def __enter__(self) -> ChatStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def new_chat(self, title: str = "", model_path: str = "", system_prompt: str = "") -> Chat:
        """Begin a chat."""
        now = time.time()
        row = self._database.execute(
            "INSERT INTO chats (title, model_path, system_prompt, created, updated) VALUES (?, ?, ?, ?, ?)"
            f" RETURNING {_CHAT}",
            (title, model_path, system_prompt, now, now),
        ).fetchone()
        return Chat(*row)

    def chats(self) -> list[Chat]:
        """All chats that are not deleted, the one used last first."""
        rows = self._database.execute(
            f"SELECT {_CHAT} FROM chats WHERE deleted IS NULL ORDER BY updated DESC, id DESC"
        )
        return [Chat(*row) for row in rows]

    def change_chat(
        self,
        chat_id: int,
        *,
        title: str | None = None,
        model_path: str | None = None,
        system_prompt: str | None = None,
        leaf_id: int | None = None,
    ) -> None:
        """Change what is given; the rest stays."""
        self._database.execute(
            "UPDATE chats SET title = coalesce(?, title), model_path = coalesce(?, model_path),"
            " system_prompt = coalesce(?, system_prompt), leaf_id = coalesce(?, leaf_id) WHERE id = ?",
            (title, model_path, system_prompt, leaf_id, chat_id),
        )

    def delete_chat(self, chat_id: int) -> None:
        """Hide a chat; ``restore_chat`` brings it back until ``forget_deleted``."""
        self._database.execute("UPDATE chats SET deleted = ? WHERE id = ?", (time.time(), chat_id))

    def restore_chat(self, chat_id: int) -> None:
        """Undo ``delete_chat``."""
        self._database.execute("UPDATE chats SET deleted = NULL WHERE id = ?", (chat_id,))

    def forget_deleted(self) -> None:
        """Really remove what was deleted, from the file too."""
        with transaction(self._database):
            self._database.execute("DELETE FROM chats WHERE deleted IS NOT NULL")
        self._database.execute("VACUUM")

    def add_message(
        self,
        chat_id: int,
        role: str,
        text: str,
        *,
        parent_id: int | None = None,
        finish: str = "",
        stats: Mapping[str, Any] | None = None,
    ) -> ChatMessage:
        """Add a message under ``parent_id`` and show its branch; on the disk when this returns."""
        now = time.time()
        with transaction(self._database):
            row = self._database.execute(
                "INSERT INTO messages (chat_id, parent_id, role, text, created, finish, stats)"
                f" VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {_MESSAGE}",
                (chat_id, parent_id, role, text, now, finish, json.dumps(stats or {})),
            ).fetchone()
            self._database.execute(
                "UPDATE chats SET leaf_id = ?, updated = ? WHERE id = ?", (row[0], now, chat_id)
            )
        return _message(row)

    def change_message(
        self,
        message_id: int,
        *,
        text: str | None = None,
        finish: str | None = None,
        stats: Mapping[str, Any] | None = None,
    ) -> None:
        """Write what has come of an answer; call it at least every 2 seconds while one streams."""
        self._database.execute(
            "UPDATE messages SET text = coalesce(?, text), finish = coalesce(?, finish),"
            " stats = coalesce(?, stats) WHERE id = ?",
            (text, finish, None if stats is None else json.dumps(stats), message_id),
        )

    def messages(self, chat_id: int) -> list[ChatMessage]:
        """Every message of a chat, all branches, oldest first."""
        rows = self._database.execute(
            f"SELECT {_MESSAGE} FROM messages WHERE chat_id = ? ORDER BY id", (chat_id,)
        )
        return [_message(row) for row in rows]

    def branch(self, leaf_id: int) -> list[ChatMessage]:
        """The messages from the first one to ``leaf_id``."""
        rows = self._database.execute(
            f"WITH RECURSIVE up AS (SELECT {_MESSAGE}, 0 AS depth FROM messages WHERE id = ? UNION ALL"
            " SELECT m.id, m.chat_id, m.parent_id, m.role, m.text, m.created, m.finish, m.stats, depth + 1"
            " FROM messages AS m JOIN up ON m.id = up.parent_id)"
            f" SELECT {_MESSAGE} FROM up ORDER BY depth DESC",
            (leaf_id,),
        )
        return [_message(row) for row in rows]


def _message(row: tuple[Any, ...]) -> ChatMessage:
    message_id, chat_id, parent_id, role, text, created, finish, stats = row
    return ChatMessage(message_id, chat_id, parent_id, role, text, created, finish, json.loads(stats))
