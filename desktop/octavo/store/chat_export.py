"""Chats as documents: Markdown for people, JSON that keeps every branch for ``chat_import``.

The JSON names a model by its file's name: the path says more of a computer than a reader should know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import PurePath
from typing import Any

from octavo.store.chat_records import Chat, ChatMessage
from octavo.store.chats import ChatStore

FORMAT = "octavo-chats"
VERSION = 1
_HEADS = {"user": "You", "assistant": "Model", "system": "System"}


def as_markdown(chat: Chat, branch: Iterable[ChatMessage]) -> str:
    """The messages of one branch under the chat's title."""
    model = model_name(chat.model_path)
    when = datetime.fromtimestamp(chat.created).strftime("%Y-%m-%d")
    facts = [f"*{when}" + (f" · {model}" if model else "") + "*"]
    if chat.system_prompt.strip():
        facts.append("\n".join(f"> {line}" for line in chat.system_prompt.strip().splitlines()))
    said = [f"## {_HEADS.get(each.role, each.role)}\n\n{each.text.strip()}" for each in branch]
    title = " ".join(chat.title.split()) or "Untitled"
    return "\n\n".join([f"# {title}", *facts, *said]) + "\n"


def as_json(store: ChatStore, chats: Iterable[Chat]) -> str:
    """Whole chats, all branches; what ``import_chats`` reads back."""
    folders = {each.id: each.name for each in store.folders.all()}
    documents = [_document(chat, store.messages(chat.id), folders) for chat in chats]
    whole = {"format": FORMAT, "version": VERSION, "chats": documents}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _document(chat: Chat, messages: list[ChatMessage], folders: dict[int, str]) -> dict[str, Any]:
    return {
        "title": chat.title,
        "created": chat.created,
        "updated": chat.updated,
        "model": model_name(chat.model_path),
        "system_prompt": chat.system_prompt,
        "settings": asdict(chat.settings) if chat.settings else None,
        "folder": folders.get(chat.folder_id) if chat.folder_id is not None else None,
        "pinned": chat.is_pinned,
        "leaf": chat.leaf_id,
        "messages": [
            {
                "id": each.id,
                "parent": each.parent_id,
                "role": each.role,
                "text": each.text,
                "created": each.created,
                "finish": each.finish,
                "stats": each.stats,
            }
            for each in messages
        ],
    }


def model_name(path: str) -> str:
    """The last part of a model's path, of this system or another."""
    return PurePath(path.replace("\\", "/")).name
