"""Full-text search over all chats: SQLite's FTS5 where there is one, else every text is looked through.

The index holds no texts of its own; triggers keep it at what the messages say. A SQLite without FTS5 could not even
write a table with such triggers, so they are taken away there, and the index is made anew where FTS5 is back.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from octavo.store.database import told, transaction

MOST_HITS = 100
_MOST_WORDS = 16
_SNIPPET_WORDS = 16
_SNIPPET_CHARACTERS = 120
_MERGED_PAGES = 200
# A step of merging that changes fewer rows found nothing to do.
_LEAST_CHANGES = 2
_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: they stand in no text of a language
_TRIGGERS = {
    "messages_added": "AFTER INSERT ON messages BEGIN"
    " INSERT INTO message_words (rowid, text) VALUES (new.id, new.text); END",
    "messages_gone": "AFTER DELETE ON messages BEGIN"
    " INSERT INTO message_words (message_words, rowid, text) VALUES ('delete', old.id, old.text); END",
    "messages_changed": "AFTER UPDATE OF text ON messages BEGIN"
    " INSERT INTO message_words (message_words, rowid, text) VALUES ('delete', old.id, old.text);"
    " INSERT INTO message_words (rowid, text) VALUES (new.id, new.text); END",
}
_FIELDS = "m.chat_id, m.id, c.title, m.role, m.created"
_ORDER = "ORDER BY m.created DESC, m.id DESC LIMIT ?"
# Scripts that put no blanks between words: FTS5 sees a sentence as one word there.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True)
class SearchHit:
    """A message in which the words were found, or a chat by its title (``message_id`` None).

    Parameters
    ----------
    snippet : str
        Some of the text around the words.
    spans : list of (int, int)
        Where in ``snippet`` the words stand: start and end.
    created : float
        Of the message, or the chat's last use; seconds since 1970.
    """

    chat_id: int
    message_id: int | None
    title: str
    role: str
    created: float
    snippet: str
    spans: list[tuple[int, int]]


class ChatSearch:
    """Finds words in the chats of a database."""

    def __init__(self, database: sqlite3.Connection, name: str, *, may_write: bool = True) -> None:
        self._database, self._name = database, name
        self.is_indexed = _prepare_index(database) if may_write else False

    def find(self, text: str, limit: int = MOST_HITS) -> list[SearchHit]:
        """Where all words of ``text`` stand, as beginnings of words; what stands in quotes as it is. Newest first."""
        words = _words(text)
        if not words:
            return []
        with told(self._name):
            by_title = list(self._in_titles(words, limit))
            is_fit = self.is_indexed and all(map(_is_indexable, words))
            in_texts = self._by_index(words, limit) if is_fit else self._by_reading(words, limit)
            return [*by_title, *in_texts][:limit]

    def forget_gone(self) -> None:
        """Leave no word of what was deleted in the index's pages."""
        if self.is_indexed:
            # Merging everything drops it; in steps, for others to write between them.
            pages, n_before = -_MERGED_PAGES, 0
            while pages < 0 or self._database.total_changes - n_before >= _LEAST_CHANGES:
                n_before = self._database.total_changes
                self._database.execute(
                    "INSERT INTO message_words (message_words, rank) VALUES ('merge', ?)", (pages,)
                )
                pages = _MERGED_PAGES

    def _in_titles(self, words: list[str], limit: int) -> Iterator[SearchHit]:
        condition = " AND ".join(["title LIKE ? ESCAPE '\\'"] * len(words))
        rows = self._database.execute(
            f"SELECT id, title, updated FROM chats WHERE deleted IS NULL AND {condition}"
            " ORDER BY updated DESC LIMIT ?",
            (*map(_like, words), limit),
        )
        for chat_id, title, updated in rows:
            yield SearchHit(chat_id, None, title, "", updated, title, _spans(title, words))

    def _by_index(self, words: list[str], limit: int) -> Iterator[SearchHit]:
        query = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
        rows = self._database.execute(
            f"SELECT {_FIELDS}, snippet(message_words, 0, ?, ?, '…', ?) FROM message_words"
            " JOIN messages AS m ON m.id = message_words.rowid JOIN chats AS c ON c.id = m.chat_id"
            f" WHERE message_words MATCH ? AND c.deleted IS NULL AND m.deleted IS NULL {_ORDER}",
            (_OPEN, _CLOSE, _SNIPPET_WORDS, query, limit),
        )
        for chat_id, message_id, title, role, created, marked in rows:
            yield SearchHit(chat_id, message_id, title, role, created, *_unmarked(marked))

    def _by_reading(self, words: list[str], limit: int) -> Iterator[SearchHit]:
        condition = " AND ".join(["m.text LIKE ? ESCAPE '\\'"] * len(words))
        rows = self._database.execute(
            f"SELECT {_FIELDS}, m.text FROM messages AS m JOIN chats AS c ON c.id = m.chat_id"
            f" WHERE c.deleted IS NULL AND m.deleted IS NULL AND {condition} {_ORDER}",
            (*map(_like, words), limit),
        )
        for chat_id, message_id, title, role, created, text in rows:
            snippet = _around(text, words)
            yield SearchHit(chat_id, message_id, title, role, created, snippet, _spans(snippet, words))


def _prepare_index(database: sqlite3.Connection) -> bool:
    """Make the index if it is not there or was left behind; whether there is one."""
    try:
        database.execute("CREATE VIRTUAL TABLE temp.fts_probe USING fts5(text)")
        database.execute("DROP TABLE temp.fts_probe")
    except sqlite3.OperationalError:
        for name in _TRIGGERS:
            database.execute(f"DROP TRIGGER IF EXISTS {name}")
        return False
    found = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    if found.issuperset(_TRIGGERS):
        return True
    with transaction(database):
        database.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS message_words USING"
            " fts5(text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2')"
        )
        if sqlite3.sqlite_version_info >= (3, 42):
            # What is deleted leaves no words behind.
            database.execute("INSERT INTO message_words (message_words, rank) VALUES ('secure-delete', 1)")
        for name, rest in _TRIGGERS.items():
            database.execute(f"DROP TRIGGER IF EXISTS {name}")
            database.execute(f"CREATE TRIGGER {name} {rest}")
        database.execute("INSERT INTO message_words (message_words) VALUES ('rebuild')")
    return True


def _words(text: str) -> list[str]:
    """The words to look for; what stands in quotes is one."""
    cleaned = text.replace("\0", " ").encode("utf-8", "replace").decode()
    found = [quoted or word for quoted, word in re.findall(r'"([^"]+)"|([^\s"]+)', cleaned)]
    return [word.strip() for word in found if word.strip()][:_MOST_WORDS]


def _is_indexable(word: str) -> bool:
    """Whether FTS5's way of cutting texts finds ``word``."""
    has_letters = any(unicodedata.category(each)[0] in "LN" for each in word)
    # "C++" would find every c.
    has_signs = any(unicodedata.category(each)[0] in "SP" for each in word)
    return has_letters and not has_signs and not _UNSPACED.search(word)


def _like(word: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"


def _spans(text: str, words: list[str]) -> list[tuple[int, int]]:
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return [found.span() for found in re.finditer(pattern, text, re.IGNORECASE)]


def _around(text: str, words: list[str]) -> str:
    """Some of ``text`` around the first of the words."""
    found = re.search(re.escape(words[0]), text, re.IGNORECASE)
    start = max(0, (found.start() if found else 0) - _SNIPPET_CHARACTERS // 3)
    end = start + _SNIPPET_CHARACTERS
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _unmarked(marked: str) -> tuple[str, list[tuple[int, int]]]:
    """A snippet without its marks, and where they stood."""
    snippet, spans, start = "", [], 0
    for part in re.split(f"({_OPEN}|{_CLOSE})", marked):
        if part == _OPEN:
            start = len(snippet)
        elif part == _CLOSE:
            spans.append((start, len(snippet)))
        else:
            snippet += part
    return snippet, spans
