"""Presets: settings of a chat under a name, to be chosen for others."""

from __future__ import annotations

import sqlite3

from octavo.engine.errors import OctavoError
from octavo.store.chat_settings import ChatSettings, read_chat_settings, settings_json
from octavo.store.database import told

MOST_CHARACTERS = 100


class Presets:
    """The presets in the chats' database."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._database, self._name = database, name

    def all(self) -> dict[str, ChatSettings]:
        """All presets, by name."""
        with told(self._name):
            rows = self._database.execute(
                "SELECT name, settings FROM presets ORDER BY name COLLATE NOCASE"
            ).fetchall()
        return {name: read_chat_settings(settings) for name, settings in rows}

    def save(self, name: str, settings: ChatSettings) -> None:
        """Keep ``settings`` as ``name``, in place of what was kept under it."""
        name = " ".join(name.split())[:MOST_CHARACTERS]
        if not name:
            raise OctavoError("A preset needs a name.")
        with told(self._name):
            self._database.execute(
                "INSERT INTO presets (name, settings) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET settings = excluded.settings",
                (name, settings_json(settings)),
            )

    def remove(self, name: str) -> None:
        """Forget a preset."""
        with told(self._name):
            self._database.execute("DELETE FROM presets WHERE name = ?", (name,))
