"""Chats as other programs export them, read into plain trees: ours, ChatGPT's, Open WebUI's.

ChatGPT: ``conversations.json``, a list of ``{title, create_time, mapping: {id: {parent, message}}, current_node}``.
Open WebUI: a list of ``{title, chat: {history: {messages: {id: {parentId, role, content}}, currentId}}}``.
What is read is a stranger's: every field may be missing or of another type, and parents may go in circles.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from octavo.store.chat_export import FORMAT
from octavo.store.chat_settings import ChatSettings, read_chat_settings

MOST_CHARACTERS = 8 << 20
_ROLES = frozenset({"user", "assistant", "system"})
_LATEST = 253_402_300_000.0  # the year 9999
_FINISHES = frozenset({"stop", "length", "cancelled", "failed", "interrupted", "edited"})
Document = Mapping[str, Any]  # Any: a stranger's JSON


@dataclass(frozen=True)
class ForeignMessage:
    """A message by the keys of its file; ``parent`` may be a message that is left out."""

    key: str
    parent: str | None
    role: str
    text: str
    created: float = 0.0
    finish: str = ""
    stats: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ForeignChat:
    """A chat to be taken in; ``leaf`` is the key of the last message on view."""

    title: str
    messages: list[ForeignMessage]
    leaf: str | None = None
    created: float = 0.0
    updated: float = 0.0
    model: str = ""
    system_prompt: str = ""
    settings: ChatSettings | None = None
    folder: str = ""
    is_pinned: bool = False


def chats_in(document: object) -> Iterator[ForeignChat | None]:
    """The chats of a document, None for each that cannot be read; nothing at all if it is of no known kind."""
    if isinstance(document, Mapping) and document.get("format") == FORMAT:
        readers = [(each, _ours) for each in _list(document.get("chats"))]
    else:
        entries = document if isinstance(document, list) else [document]
        readers = [
            (each, reader) for each in entries if isinstance(each, Mapping) and (reader := _reader_of(each))
        ]
    for entry, reader in readers:
        yield reader(entry) if isinstance(entry, Mapping) else None


def _reader_of(entry: Document) -> Any:  # a function from a document to a chat, or None
    if isinstance(entry.get("mapping"), Mapping):
        return _chatgpt
    if isinstance(entry.get("chat"), Mapping):
        return _open_webui
    return None


def _ours(entry: Document) -> ForeignChat:
    settings = entry.get("settings")
    return ForeignChat(
        title=_text(entry.get("title")),
        messages=[
            ForeignMessage(
                key=str(each.get("id")),
                parent=_key(each.get("parent")),
                role=_text(each.get("role")),
                text=_text(each.get("text")),
                created=_time(each.get("created")),
                finish=found if (found := _text(each.get("finish"))) in _FINISHES else "",
                stats=_plain(each.get("stats")),
            )
            for each in _mappings(entry.get("messages"))
            if each.get("role") in _ROLES
        ],
        leaf=_key(entry.get("leaf")),
        created=_time(entry.get("created")),
        updated=_time(entry.get("updated")),
        model=_text(entry.get("model")),
        system_prompt=_text(entry.get("system_prompt")),
        settings=read_chat_settings(settings) if isinstance(settings, Mapping) else None,
        folder=_text(entry.get("folder")),
        is_pinned=entry.get("pinned") is True,
    )


def _chatgpt(entry: Document) -> ForeignChat:
    messages = []
    for key, node in entry["mapping"].items():
        if not isinstance(node, Mapping):
            continue
        said = node.get("message")
        said = said if isinstance(said, Mapping) else {}
        author, content = said.get("author"), said.get("content")
        role = author.get("role") if isinstance(author, Mapping) else ""
        parts = content.get("parts") if isinstance(content, Mapping) else None
        text = "\n\n".join(part for part in _list(parts) if isinstance(part, str))
        # A node of another kind (tools, the empty root) still joins its children to its parent.
        known = role if isinstance(role, str) and role in _ROLES and text.strip() else ""
        messages.append(
            ForeignMessage(key, _key(node.get("parent")), known, _text(text), _time(said.get("create_time")))
        )
    model = _text(entry.get("default_model_slug"))
    created, updated = _time(entry.get("create_time")), _time(entry.get("update_time"))
    return ForeignChat(
        _text(entry.get("title")), messages, _key(entry.get("current_node")), created, updated, model
    )


def _open_webui(entry: Document) -> ForeignChat:
    chat = entry["chat"]
    history = chat.get("history")
    history = history if isinstance(history, Mapping) else {}
    found = history.get("messages")
    nodes = found if isinstance(found, Mapping) else {}
    messages = []
    for key, node in nodes.items():
        if isinstance(node, Mapping):
            role = node.get("role")
            messages.append(
                ForeignMessage(
                    key,
                    _key(node.get("parentId")),
                    role if isinstance(role, str) and role in _ROLES else "",
                    _text(node.get("content")),
                    _time(node.get("timestamp")),
                )
            )
    models = [each for each in _list(chat.get("models")) if isinstance(each, str)]
    return ForeignChat(
        _text(entry.get("title")) or _text(chat.get("title")),
        messages,
        _key(history.get("currentId")),
        _time(entry.get("created_at")),
        _time(entry.get("updated_at")),
        models[0] if models else "",
        _text(chat.get("system")),
        is_pinned=entry.get("pinned") is True,
    )


def _text(value: object) -> str:
    """``value`` as a text that can be kept: whole characters, none of them NUL, not endless."""
    if not isinstance(value, str):
        return ""
    whole = value[:MOST_CHARACTERS].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def _time(value: object) -> float:
    """Seconds since 1970; 0 for what is no such time. Milliseconds and nanoseconds are known by their size."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return 0.0
    for scale in (1.0, 1e3, 1e9):
        if value / scale < _LATEST / 10:
            return value / scale
    return 0.0


def _key(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: object) -> list[Document]:
    return [each for each in _list(value) if isinstance(each, Mapping)]


def _plain(value: object) -> dict[str, Any]:
    """Figures of an answer: names with finite numbers."""
    if not isinstance(value, Mapping):
        return {}
    return {
        key[:100]: each
        for key, each in list(value.items())[:100]
        if isinstance(key, str) and isinstance(each, int | float) and math.isfinite(each)
    }
