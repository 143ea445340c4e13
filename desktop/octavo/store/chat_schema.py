"""The tables of the chats, as each version of the schema changed them."""

from __future__ import annotations

from octavo.store.salvage import Recovery

MIGRATIONS = (
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
    # shown_child: the child that was on view last, so that a branch is found again as it was left.
    """
    CREATE TABLE folders (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    ALTER TABLE chats ADD COLUMN folder_id INTEGER REFERENCES folders (id) ON DELETE SET NULL;
    ALTER TABLE chats ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE chats ADD COLUMN settings TEXT NOT NULL DEFAULT '';
    ALTER TABLE messages ADD COLUMN shown_child INTEGER;
    CREATE INDEX chats_of_folder ON chats (folder_id);
    CREATE TABLE presets (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, settings TEXT NOT NULL)
    """,
    "ALTER TABLE messages ADD COLUMN deleted REAL",
)

# A message without its parent hangs on the one before it; one without its chat gets a chat.
RECOVERY = Recovery(
    tables=("folders", "presets", "chats", "messages"),
    # The search index is made anew where its triggers are missing.
    before=tuple(
        f"DROP TRIGGER IF EXISTS {name}" for name in ("messages_added", "messages_gone", "messages_changed")
    ),
    after=(
        "INSERT INTO chats (id, title, model_path, system_prompt, created, updated)"
        " SELECT chat_id, 'Recovered', '', '', min(created), max(created) FROM messages"
        " WHERE chat_id NOT IN (SELECT id FROM chats) GROUP BY chat_id",
        "UPDATE messages SET parent_id = (SELECT max(p.id) FROM messages AS p"
        " WHERE p.chat_id = messages.chat_id AND p.id < messages.id)"
        " WHERE parent_id NOT IN (SELECT id FROM messages)",
        "UPDATE messages SET stats = '{}' WHERE NOT json_valid(stats)",
        "UPDATE chats SET folder_id = NULL WHERE folder_id NOT IN (SELECT id FROM folders)",
        "UPDATE chats SET leaf_id = (SELECT max(m.id) FROM messages AS m"
        " WHERE m.chat_id = chats.id AND m.deleted IS NULL)"
        " WHERE leaf_id IS NULL OR leaf_id NOT IN (SELECT id FROM messages)",
    ),
)
