"""What the chat page says: figures under answers, days in the list, what is awaited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from octavo.gui.conversation import Conversation
from octavo.gui.widgets.chat_list import ChatEntry
from octavo.gui.widgets.message_view import ShownMessage
from octavo.gui.wording import count, day, duration, first_word, moment, speed
from octavo.store.chat_search import SearchHit
from octavo.store.chat_trash import DeletedMessages
from octavo.store.chats import DAYS_IN_TRASH, Chat, ChatMessage
from octavo.worker.protocol import Progressed

_STAGES = {
    "open": "Opening the model",
    "compile": "Preparing the engine for this processor, first time only",
    "load": "Loading the model",
    "prefill": "Reading the conversation",
}

_ENDINGS = {
    "cancelled": "stopped",
    "length": "cut at the limit of tokens",
    "failed": "broken off",
    "interrupted": "interrupted",
    "edited": "edited",
    "": "cut off",
}
LONGEST_TITLE = 120

Groups = list[tuple[str, list[ChatEntry]]]


def groups_of(chats: Sequence[Chat], folders: Mapping[int, str], now: datetime) -> Groups:
    """The chats under what they belong to: pinned, a folder, else the day they were last used."""
    groups: dict[str, list[ChatEntry]] = {}
    names = sorted(folders.values(), key=str.casefold)
    for heading in ("Pinned", *names):
        groups[heading] = []
    for chat in chats:
        folder = folders.get(chat.folder_id) if chat.folder_id is not None else None
        used = day(datetime.fromtimestamp(chat.updated), now)
        heading = "Pinned" if chat.is_pinned else folder or used
        groups.setdefault(heading, []).append(_entry(chat))
    return [(heading, entries) for heading, entries in groups.items() if entries]


def hits_of(hits: Sequence[SearchHit]) -> Groups:
    """What was found."""
    found = [
        ChatEntry(hit.chat_id, hit.title or "Untitled", " ".join(hit.snippet.split()), hit.message_id or 0)
        for hit in hits
    ]
    return [(f"{count(len(found))} found" if found else "Nothing found", found)]


def trash_of(chats: Sequence[Chat], messages: Sequence[DeletedMessages], now: datetime) -> Groups:
    """The deleted chats with the day they were deleted, and the deleted messages with their chats."""
    found = [
        (
            each.deleted or 0.0,
            ChatEntry(
                each.id, each.title or "Untitled", moment(datetime.fromtimestamp(each.deleted or 0), now)
            ),
        )
        for each in chats
    ]
    found += [(each.deleted, _deleted_messages(each)) for each in messages]
    found.sort(key=lambda pair: pair[0], reverse=True)
    heading = f"Kept for {DAYS_IN_TRASH} days" if found else "The trash is empty"
    return [(heading, [entry for _, entry in found])]


def _deleted_messages(gone: DeletedMessages) -> ChatEntry:
    what = "1 message" if gone.n_messages == 1 else f"{count(gone.n_messages)} messages"
    text = " ".join(gone.text[:LONGEST_TITLE].split()) or "Empty message"
    return ChatEntry(gone.chat_id, text, f"{what} of {gone.chat_title or 'Untitled'}", gone.message_id)


def _entry(chat: Chat) -> ChatEntry:
    return ChatEntry(chat.id, chat.title or "Untitled", is_pinned=chat.is_pinned, folder_id=chat.folder_id)


def shown(message: ChatMessage, conversation: Conversation) -> ShownMessage:
    """A message as the view shows it."""
    ids = conversation.siblings(message)
    return ShownMessage(
        message.id,
        message.role,
        message.text,
        footer(message),
        ids.index(message.id) + 1,
        len(ids),
        message.can_continue,
        float(message.stats.get("thought_seconds", 0)),
    )


def figures(stats: Mapping[str, Any]) -> tuple[str, str]:
    """Speed and length of an answer, for the line over the composer."""
    how_fast = stats.get("tokens_per_second", 0)
    n_tokens = stats.get("n_tokens", 0)
    return (speed(how_fast) if how_fast else "", f"{count(n_tokens)} tokens" if n_tokens else "")


def footer(message: ChatMessage) -> str:
    """The figures under an answer."""
    if message.role != "assistant":
        return ""
    told = [part for part in figures(message.stats) if part]
    # What may be cut off at the edge of a small window comes last.
    if message.finish in _ENDINGS and (message.text or message.finish):
        told.append(_ENDINGS[message.finish])
    if message.stats.get("n_dropped"):
        told.append(f"{count(message.stats['n_dropped'])} oldest messages left out")
    first = message.stats.get("first_token_seconds", 0)
    if first:
        told.append(first_word(first))
    if message.stats.get("reused_tokens"):
        reused, prompt = message.stats["reused_tokens"], message.stats["prompt_tokens"]
        told.append(f"reused {count(reused)} of {count(prompt)} tokens")
    return " · ".join(told)


def loading_words(event: Progressed, seconds_left: float = 0.0) -> str:
    """What is awaited, with its figures."""
    stage = "compile" if event.label.startswith("compile") else event.stage
    words = _STAGES.get(stage, "Working")
    if event.stage == "prefill" and event.total:
        told = f"{words}: {count(event.done)} of {count(event.total)} tokens"
        return f"{told}, {duration(seconds_left)} left" if seconds_left else told
    if event.total:
        return f"{words}: {event.done / event.total:.0%}"
    return words
