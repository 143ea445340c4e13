"""Folders of chats; a chat lies in one or in none."""

from __future__ import annotations

import sqlite3

from octavo.engine.errors import OctavoError
from octavo.store.chat_records import Folder
from octavo.store.database import told

MOST_CHARACTERS = 100


class ChatFolders:
    """The folders in the chats' database."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._database, self._name = database, name

    def all(self) -> list[Folder]:
        """All folders by name, with the number of chats in each."""
        with told(self._name):
            rows = self._database.execute(
                "SELECT f.id, f.name, count(c.id) FROM folders AS f LEFT JOIN chats AS c"
                " ON c.folder_id = f.id AND c.deleted IS NULL GROUP BY f.id ORDER BY f.name COLLATE NOCASE"
            ).fetchall()
        return [Folder(*row) for row in rows]

    def add(self, name: str) -> Folder:
        """The folder of that name, made if there is none."""
        name = _checked(name)
        with told(self._name):
            self._database.execute("INSERT OR IGNORE INTO folders (name) VALUES (?)", (name,))
            (folder_id,) = self._database.execute("SELECT id FROM folders WHERE name = ?", (name,)).fetchone()
        return next(each for each in self.all() if each.id == folder_id)

    def rename(self, folder_id: int, name: str) -> None:
        """Call a folder otherwise; refuses the name of another."""
        name = _checked(name)
        if any(each.name == name and each.id != folder_id for each in self.all()):
            raise OctavoError(f"There is a folder {name} already.", "Choose another name.")
        with told(self._name):
            self._database.execute("UPDATE folders SET name = ? WHERE id = ?", (name, folder_id))

    def remove(self, folder_id: int) -> None:
        """Remove a folder; its chats stay, in none."""
        with told(self._name):
            self._database.execute("DELETE FROM folders WHERE id = ?", (folder_id,))

    def put(self, chat_id: int, folder_id: int | None) -> None:
        """Put a chat in a folder, or out of all with None."""
        with told(self._name):
            self._database.execute("UPDATE chats SET folder_id = ? WHERE id = ?", (folder_id, chat_id))


def _checked(name: str) -> str:
    name = " ".join(name.split())[:MOST_CHARACTERS]
    if not name:
        raise OctavoError("A folder needs a name.")
    return name
