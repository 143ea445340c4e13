"""Takes chats in from files: our JSON, exports of ChatGPT (also the whole ZIP) and of Open WebUI.

All chats of a file or none: they stay hidden until the last one is there. A chat that cannot be read is left out and
counted.
"""

from __future__ import annotations

import json
import math
import os
import stat
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress, Work
from octavo.store.chats import ChatStore
from octavo.store.foreign_chats import ForeignChat, ForeignMessage, chats_in

MOST_BYTES = 512 << 20
MOST_CHATS = 100_000
MOST_MESSAGES = 1_000_000
MOST_TITLE_CHARACTERS = 300
_IN_ZIP = "conversations.json"
# Messages that are written at a time.
_SLICE = 100


@dataclass(frozen=True)
class ImportReport:
    """What was taken in; ``n_skipped`` chats were empty or could not be read."""

    chat_ids: list[int]
    n_messages: int
    n_skipped: int


def import_chats(store: ChatStore, path: Path) -> Work[ImportReport]:
    """Add the chats of a file to the store; the progress counts chats.

    Raises
    ------
    OctavoError
        It is too large, no JSON, or has no chats that we know; then nothing was added.
    """
    yield Progress(0, 0, path.name)
    document = _parsed(_content(path), path.name)
    begun = -time.time()
    try:
        report = yield from _take_in(store, document, path.name, begun)
    except BaseException:
        store.trash.drop_begun(begun)
        raise
    store.trash.show_begun(begun)
    return report


def _take_in(store: ChatStore, document: object, name: str, begun: float) -> Work[ImportReport]:
    """Add the chats, hidden as what was ``begun`` then."""
    chat_ids: list[int] = []
    n_messages = n_skipped = n_seen = 0
    for chat in chats_in(document):
        n_seen += 1
        messages = _joined(chat.messages) if chat else []
        n_messages += len(messages)
        if n_seen > MOST_CHATS or n_messages > MOST_MESSAGES:
            raise OctavoError(
                f"{name} holds more than {MOST_CHATS:,} chats or {MOST_MESSAGES:,} messages.",
                "Import it in parts.",
            )
        if chat is None or not messages:
            n_skipped += 1
            continue
        chat_ids.append(_add(store, chat, messages, begun))
        yield Progress(n_seen, 0, name)
    if not n_seen:
        raise OctavoError(
            f"{name} holds no chats that Octavo knows.",
            "It reads its own JSON, and what ChatGPT and Open WebUI export.",
        )
    return ImportReport(chat_ids, n_messages, n_skipped)


def _content(path: Path) -> bytes:
    """The JSON in a file, or in a ZIP of ChatGPT."""
    # Opened without waiting: a pipe must not hold the program up.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise OctavoError(f"{path.name} is no file.", "Choose a JSON or ZIP file.")
        if facts.st_size > MOST_BYTES:
            raise _too_large(path.name)
        if not zipfile.is_zipfile(file):
            file.seek(0)
            return file.read(MOST_BYTES)
        try:
            with zipfile.ZipFile(file) as archive, archive.open(_IN_ZIP) as inner:
                content = inner.read(MOST_BYTES + 1)
        except KeyError as error:
            raise OctavoError(f"{path.name} holds no {_IN_ZIP}.", "Choose ChatGPT's export.") from error
        # What zipfile raises for damage, encryption and methods that it does not know.
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise OctavoError(f"{path.name} is damaged or encrypted.", "Unpack it yourself.") from error
    if len(content) > MOST_BYTES:
        raise _too_large(path.name)
    return content


def _too_large(name: str) -> OctavoError:
    return OctavoError(f"{name} is larger than {MOST_BYTES >> 20} MB.", "Import it in parts.")


def _parsed(content: bytes, name: str) -> object:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=refuse, parse_int=_number)
    except (ValueError, RecursionError) as error:
        raise OctavoError(f"{name} is no JSON file.", "Choose a file that was exported.") from error


def _number(digits: str) -> int | float:
    """Numbers of more digits than anything counts are no numbers to us."""
    return int(digits) if len(digits) < 20 else math.inf


def _joined(messages: list[ForeignMessage]) -> list[ForeignMessage]:
    """Messages that can be kept, parents first; what hung on one left out hangs on the next above.

    Circles have no beginning, so nothing in them is reached.
    """
    children: dict[str | None, list[ForeignMessage]] = {}
    known = {each.key for each in messages}
    for message in messages:
        parent = message.parent if message.parent in known else None
        children.setdefault(parent, []).append(message)
    found: list[ForeignMessage] = []
    waiting: list[tuple[ForeignMessage, str | None]] = [
        (each, None) for each in reversed(children.get(None, []))
    ]
    seen: set[str] = set()
    while waiting:
        message, above = waiting.pop()
        if message.key in seen:
            continue
        seen.add(message.key)
        # A system text that stands in the tree is not said by anybody.
        is_kept = message.role in ("user", "assistant")
        if is_kept:
            found.append(
                ForeignMessage(
                    message.key,
                    above,
                    message.role,
                    message.text,
                    message.created,
                    message.finish,
                    message.stats,
                )
            )
        below = message.key if is_kept else above
        waiting += [(each, below) for each in reversed(children.get(message.key, []))]
    return found


def _add(store: ChatStore, chat: ForeignChat, messages: list[ForeignMessage], begun: float) -> int:
    """Put a chat in the store, hidden as what was ``begun`` then; a slice at a time, for others to write between."""
    now = time.time()
    first = next((each.text for each in messages if each.role == "user"), "")
    title = " ".join((chat.title or first).split())[:MOST_TITLE_CHARACTERS]
    added = store.new_chat(
        title or "Untitled", chat.model, chat.system_prompt, settings=chat.settings, begun=begun
    )
    ids: dict[str, int] = {}
    for start in range(0, len(messages), _SLICE):
        with store.all_or_nothing():
            for message in messages[start : start + _SLICE]:
                finish = message.finish or ("stop" if message.role == "assistant" else "")
                made = store.add_message(
                    added.id,
                    message.role,
                    message.text,
                    parent_id=ids.get(message.parent or ""),
                    finish=finish,
                    stats=message.stats,
                    created=message.created or chat.created or now,
                )
                ids[message.key] = made.id
    leaf = ids.get(chat.leaf or "")
    if leaf is not None:
        store.show_branch(added.id, leaf, store.tree(added.id).show(leaf))
    store.change_chat(added.id, is_pinned=chat.is_pinned)
    store.date_chat(added.id, chat.created or now, chat.updated or chat.created or now)
    if chat.folder.strip():
        store.folders.put(added.id, store.folders.add(chat.folder).id)
    return added.id
