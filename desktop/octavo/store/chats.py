"""Chats: a tree of messages each, in SQLite, saved before anybody answers.

An edited question or a second answer is a new child of the same parent; nothing is overwritten. A chat
remembers the leaf that was shown last, and each message which of its children was. Times are seconds since 1970.
Whatever is written is on the disk when the call returns; what cannot be written raises ``NotSaved``.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from octavo.engine.errors import OctavoError
from octavo.engine.folders import data_folder
from octavo.store.backups import back_up_daily
from octavo.store.chat_folders import ChatFolders
from octavo.store.chat_records import (
    ANSWER,
    CHAT_COLUMNS,
    INTERRUPTED,
    MESSAGE_COLUMNS,
    Chat,
    ChatMessage,
    Folder,
    read_chat,
    read_message,
)
from octavo.store.chat_schema import MIGRATIONS, RECOVERY
from octavo.store.chat_search import ChatSearch
from octavo.store.chat_settings import ChatSettings, settings_json
from octavo.store.chat_trash import DAYS_IN_TRASH, ChatTrash
from octavo.store.chat_tree import ChatTree
from octavo.store.database import DatabaseFile, is_read_only, open_database, storable, told, transaction
from octavo.store.presets import Presets

__all__ = ["DAYS_IN_TRASH", "Chat", "ChatMessage", "ChatStore", "Folder"]


class ChatStore(DatabaseFile):
    """The chats of one data folder; one writer at a time.

    Attributes
    ----------
    problem : str
        What the user should know of the file, one sentence; empty when all is well.
    is_read_only : bool
        Whether the file is of a newer Octavo: writing raises ``NotSaved``.
    folders : ChatFolders
    presets : Presets
    search : ChatSearch
    trash : ChatTrash
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or data_folder() / "chats.sqlite"
        self._path, self._name = path, path.name
        self._database, self.problem = open_database(path, MIGRATIONS, recovery=RECOVERY, reads_newer=True)
        self.is_read_only = is_read_only(self._database)
        if self.is_read_only:
            self._check_readable()
        self.folders = ChatFolders(self._database, self._name)
        self.presets = Presets(self._database, self._name)
        self.search = ChatSearch(self._database, self._name, may_write=not self.is_read_only)
        self.trash = ChatTrash(self._database, path, self.search)

    def back_up(self) -> bool:
        """Copy the file if that was not done today, and remove copies that are too old; whether it was copied."""
        if self.is_read_only:
            return False
        with told(self._name):
            return back_up_daily(self._database, self._path, date.today())

    def new_chat(
        self,
        title: str = "",
        model_path: str = "",
        system_prompt: str = "",
        *,
        settings: ChatSettings | None = None,
        begun: float | None = None,
    ) -> Chat:
        """Begin a chat; one that was ``begun`` (``ChatTrash.show_begun``) stays hidden until it is whole."""
        now = time.time()
        with told(self._name):
            row = self._database.execute(
                "INSERT INTO chats (title, model_path, system_prompt, created, updated, settings, deleted)"
                f" VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {CHAT_COLUMNS}",
                (
                    title,
                    storable(model_path),
                    system_prompt,
                    now,
                    now,
                    settings_json(settings) if settings else "",
                    begun,
                ),
            ).fetchone()
        return read_chat(row)

    def chats(self) -> list[Chat]:
        """All chats that are not deleted: those pinned, then the one used last first."""
        return self._chats("deleted IS NULL ORDER BY pinned DESC, updated DESC, id DESC")

    def chat(self, chat_id: int) -> Chat | None:
        """The chat of that number, in the trash or not."""
        return next(iter(self._chats("id = ?", chat_id)), None)

    def change_chat(
        self,
        chat_id: int,
        *,
        title: str | None = None,
        model_path: str | None = None,
        system_prompt: str | None = None,
        leaf_id: int | None = None,
        is_pinned: bool | None = None,
        settings: ChatSettings | None = None,
    ) -> None:
        """Change what is given; the rest stays."""
        with told(self._name):
            self._database.execute(
                "UPDATE chats SET title = coalesce(?, title), model_path = coalesce(?, model_path),"
                " system_prompt = coalesce(?, system_prompt), leaf_id = coalesce(?, leaf_id),"
                " pinned = coalesce(?, pinned), settings = coalesce(?, settings) WHERE id = ?",
                (
                    title,
                    storable(model_path) if model_path else model_path,
                    system_prompt,
                    leaf_id,
                    is_pinned,
                    settings_json(settings) if settings else None,
                    chat_id,
                ),
            )

    def add_message(
        self,
        chat_id: int,
        role: str,
        text: str,
        *,
        parent_id: int | None = None,
        finish: str = "",
        stats: Mapping[str, Any] | None = None,
        created: float | None = None,
    ) -> ChatMessage:
        """Add a message under ``parent_id`` and show its branch; on the disk when this returns."""
        now = time.time() if created is None else created
        with self.all_or_nothing():
            row = self._database.execute(
                "INSERT INTO messages (chat_id, parent_id, role, text, created, finish, stats)"
                f" VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {MESSAGE_COLUMNS}",
                (chat_id, parent_id, role, text, now, finish, json.dumps(stats or {})),
            ).fetchone()
            self._database.execute("UPDATE messages SET shown_child = ? WHERE id = ?", (row[0], parent_id))
            self._database.execute(
                "UPDATE chats SET leaf_id = ?, updated = ? WHERE id = ?", (row[0], now, chat_id)
            )
        return read_message(row)

    def change_message(
        self,
        message_id: int,
        *,
        text: str | None = None,
        finish: str | None = None,
        stats: Mapping[str, Any] | None = None,
    ) -> None:
        """Write what has come of an answer; call it at least every 2 seconds while one streams."""
        with told(self._name):
            self._database.execute(
                "UPDATE messages SET text = coalesce(?, text), finish = coalesce(?, finish),"
                " stats = coalesce(?, stats) WHERE id = ?",
                (text, finish, None if stats is None else json.dumps(stats), message_id),
            )

    def mark_interrupted(self) -> list[int]:
        """Note that answers without an end were cut off; for the one writer, at its start.

        Returns the ids of their chats, newest answer first.
        """
        with told(self._name):
            rows = self._database.execute(
                "UPDATE messages SET finish = ? WHERE role = ? AND finish = '' RETURNING id, chat_id",
                (INTERRUPTED, ANSWER),
            ).fetchall()
        return list(dict.fromkeys(chat_id for _, chat_id in sorted(rows, reverse=True)))

    def messages(self, chat_id: int) -> list[ChatMessage]:
        """Every message of a chat that is not deleted, all branches, oldest first."""
        with told(self._name):
            rows = self._database.execute(
                f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE chat_id = ? AND deleted IS NULL ORDER BY id",
                (chat_id,),
            ).fetchall()
        return [read_message(row) for row in rows]

    def tree(self, chat_id: int) -> ChatTree:
        """Every message of a chat, joined to its parent, with the branches as they were left."""
        with told(self._name):
            shown = self._database.execute(
                "SELECT id, shown_child FROM messages WHERE chat_id = ? AND shown_child IS NOT NULL",
                (chat_id,),
            ).fetchall()
        return ChatTree(self.messages(chat_id), dict(shown))

    def show_branch(self, chat_id: int, leaf_id: int | None, shown: list[tuple[int, int]]) -> None:
        """Remember the branch that is on view.

        Parameters
        ----------
        shown : list of (parent, child)
            What ``ChatTree.show`` says has changed.
        """
        with self.all_or_nothing():
            self._database.execute("UPDATE chats SET leaf_id = ? WHERE id = ?", (leaf_id, chat_id))
            self._database.executemany(
                "UPDATE messages SET shown_child = ? WHERE id = ?",
                [(child, parent) for parent, child in shown],
            )

    def branch(self, leaf_id: int) -> list[ChatMessage]:
        """The messages from the first one to ``leaf_id``."""
        with told(self._name):
            row = self._database.execute("SELECT chat_id FROM messages WHERE id = ?", (leaf_id,)).fetchone()
        return self.tree(row[0]).path(leaf_id) if row else []

    def _chats(self, condition: str, *values: object) -> list[Chat]:
        with told(self._name):
            rows = self._database.execute(
                f"SELECT {CHAT_COLUMNS} FROM chats WHERE {condition}", values
            ).fetchall()
        return [read_chat(row) for row in rows]

    def date_chat(self, chat_id: int, created: float, updated: float) -> None:
        """Say when a chat that comes from elsewhere was begun and used last."""
        with told(self._name):
            self._database.execute(
                "UPDATE chats SET created = ?, updated = ? WHERE id = ?", (created, updated, chat_id)
            )

    def _check_readable(self) -> None:
        """Refuse a newer file whose tables are not what we know."""
        try:
            for chat in self.chats()[:1]:
                self.tree(chat.id)
        except (OctavoError, ValueError) as error:
            self.close()
            raise OctavoError(
                f"{self._name} was written by a newer Octavo.",
                "Update Octavo to use it; nothing was changed.",
            ) from error

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Everything that is written in the block is kept, or nothing of it."""
        with told(self._name), transaction(self._database):
            yield
