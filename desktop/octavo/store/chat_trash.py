"""What was deleted: chats, and messages with all below them; brought back, or gone for good.

``deleted`` of a row says when it was put here, seconds since 1970. Two other values hide a row too: 0 says that it is
on its way out, and the negative time of its beginning that a chat is not whole yet (``chat_import``).
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from octavo.store.backups import back_up_daily, forget_copies
from octavo.store.chat_records import CHAT_COLUMNS, Chat, read_chat
from octavo.store.chat_search import ChatSearch
from octavo.store.database import told, transaction

DAYS_IN_TRASH = 30
_SECONDS_PER_DAY = 86_400
# Written at a time: others wait so long for the file.
_SLICE = 100


@dataclass(frozen=True)
class DeletedMessages:
    """A message that was deleted with all below it, from a chat that was not."""

    chat_id: int
    chat_title: str
    message_id: int
    text: str
    n_messages: int
    deleted: float


class ChatTrash:
    """The trash of a database."""

    def __init__(self, database: sqlite3.Connection, path: Path, search: ChatSearch) -> None:
        self._database, self._path, self._name = database, path, path.name
        self._search = search

    def chats(self) -> list[Chat]:
        """The chats that can still be brought back, newest deletion first."""
        with told(self._name):
            rows = self._database.execute(
                f"SELECT {CHAT_COLUMNS} FROM chats WHERE deleted > 0 ORDER BY deleted DESC, id DESC"
            ).fetchall()
        return [read_chat(row) for row in rows]

    def messages(self) -> list[DeletedMessages]:
        """The messages that can be brought back into their chats, newest deletion first.

        What was deleted below one of them before comes back after it.
        """
        with told(self._name):
            # Of the rows of a group SQLite takes the other columns from the one with the least id: the topmost.
            rows = self._database.execute(
                "SELECT gone.chat_id, title, min(gone.id), gone.text, count(*), gone.deleted"
                " FROM messages AS gone JOIN chats ON chats.id = gone.chat_id"
                " WHERE gone.deleted > 0 AND chats.deleted IS NULL GROUP BY gone.chat_id, gone.deleted"
                " HAVING NOT EXISTS (SELECT 1 FROM messages AS parent"
                " WHERE parent.id = gone.parent_id AND parent.deleted IS NOT NULL)"
                " ORDER BY gone.deleted DESC"
            ).fetchall()
        return [DeletedMessages(*row) for row in rows]

    def put(self, chat_id: int) -> None:
        """Put a chat here; ``restore`` brings it back until it is forgotten."""
        with told(self._name):
            self._database.execute("UPDATE chats SET deleted = ? WHERE id = ?", (time.time(), chat_id))

    def restore(self, chat_id: int) -> None:
        """Bring a chat back."""
        with told(self._name):
            self._database.execute("UPDATE chats SET deleted = NULL WHERE id = ? AND deleted > 0", (chat_id,))

    def put_message(self, message_id: int) -> float:
        """Put a message here with all below it; what ``restore_messages`` brings them back by."""
        now = time.time()
        with told(self._name):
            self._database.execute(
                "WITH RECURSIVE below (id) AS (VALUES (?) UNION SELECT messages.id FROM messages, below"
                " WHERE messages.parent_id = below.id)"
                " UPDATE messages SET deleted = ? WHERE id IN (SELECT id FROM below) AND deleted IS NULL",
                (message_id, now),
            )
        return now

    def restore_messages(self, chat_id: int, deleted: float) -> None:
        """Bring back what was put here by one ``put_message``."""
        with told(self._name):
            self._database.execute(
                "UPDATE messages SET deleted = NULL WHERE chat_id = ? AND deleted = ?", (chat_id, deleted)
            )

    def restore_message(self, message_id: int) -> None:
        """Bring a message back, with what was put here together with it."""
        with told(self._name):
            self._database.execute(
                "UPDATE messages SET deleted = NULL WHERE deleted > 0 AND (chat_id, deleted) ="
                " (SELECT chat_id, deleted FROM messages WHERE id = ?)",
                (message_id,),
            )

    def show_begun(self, begun: float) -> None:
        """The chats that were ``begun`` so (a negative time) are whole: they are hidden no longer."""
        with told(self._name):
            self._database.execute("UPDATE chats SET deleted = NULL WHERE deleted = ?", (begun,))

    def drop_begun(self, begun: float) -> None:
        """The chats that were ``begun`` so will not be whole: they go with the next ``forget``."""
        with told(self._name):
            self._database.execute("UPDATE chats SET deleted = 0 WHERE deleted = ?", (begun,))

    def hide(self, older_than_days: float = 0) -> None:
        """Take what has been here so long out of sight for good; ``forget`` then removes it."""
        before = time.time() - older_than_days * _SECONDS_PER_DAY
        # What was begun a day ago and is not whole yet never will be.
        begun = -(time.time() - _SECONDS_PER_DAY)
        with told(self._name), transaction(self._database):
            for table in ("chats", "messages"):
                self._database.execute(
                    f"UPDATE {table} SET deleted = 0 WHERE deleted BETWEEN 0 AND ?"
                    " OR (deleted < 0 AND deleted > ?)",
                    (before, begun),
                )

    def forget(self, older_than_days: float = 0) -> list[int]:
        """Really remove what has been here so long, from the file and its copies; the chats that lost something.

        Takes long where there is much, but holds others up for moments only.
        """
        self.hide(older_than_days)
        with told(self._name):
            chats = [each for (each,) in self._database.execute("SELECT id FROM chats WHERE deleted = 0")]
            messages = self._database.execute(
                "SELECT messages.id, chat_id FROM messages JOIN chats ON chats.id = chat_id"
                " WHERE messages.deleted = 0 OR chats.deleted = 0 ORDER BY messages.id DESC"
            ).fetchall()
            if not chats and not messages:
                return []
            # Children are newer than their parents, and so go first.
            for start in range(0, len(messages), _SLICE):
                some = [(message_id,) for message_id, _ in messages[start : start + _SLICE]]
                with transaction(self._database):
                    self._database.executemany("DELETE FROM messages WHERE id = ?", some)
            self._database.executemany("DELETE FROM chats WHERE id = ?", [(each,) for each in chats])
            self._search.forget_gone()
            # The pages that held them were overwritten; the log still has copies.
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            forget_copies(self._path)
            back_up_daily(self._database, self._path, date.today())
        return sorted({*chats, *(chat_id for _, chat_id in messages)})
