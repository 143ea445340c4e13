"""What the chat page says: figures under answers, days in the list, what is awaited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from octavo.gui.conversation import Conversation
from octavo.gui.wording import count, day, speed
from octavo.store.chats import Chat, ChatMessage
from octavo.worker.protocol import Progressed, Replied

_STAGES = {
    "open": "Opening the model",
    "compile": "Preparing the engine for this processor, first time only",
    "load": "Loading the model",
    "prefill": "Reading the conversation",
}


def days_of(chats: Sequence[Chat], now: datetime) -> list[tuple[str, list[tuple[int, str]]]]:
    """The chats under the days they were last used."""

    def heading(chat: Chat) -> str:
        return day(datetime.fromtimestamp(chat.updated), now)

    return [
        (name, [(each.id, each.title or "Untitled") for each in group])
        for name, group in groupby(chats, heading)
    ]


def stats_of(replied: Replied) -> dict[str, float]:
    """The figures of an answer that are kept with it."""
    return {
        "tokens_per_second": replied.tokens_per_second,
        "n_tokens": len(replied.tokens),
        "first_token_seconds": replied.first_token_seconds,
        "prompt_tokens": replied.prompt_tokens,
        "reused_tokens": replied.reused_tokens,
        "context_used": replied.context_used,
    }


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
    first = message.stats.get("first_token_seconds", 0)
    if first:
        told.append(f"first word after {first:.1f} s" if first >= 0.05 else "first word at once")
    if message.stats.get("reused_tokens"):
        told.append(
            f"reused {count(message.stats['reused_tokens'])} of {count(message.stats['prompt_tokens'])}"
        )
    ending = {
        "cancelled": "stopped",
        "length": "cut at the longest answer",
        "failed": "broken off",
        "": "cut off",
    }
    if message.finish in ending and (message.text or message.finish):
        told.append(ending[message.finish])
    return " · ".join(told)


def loading_words(event: Progressed) -> str:
    """What is awaited, with its figures."""
    stage = "compile" if event.label.startswith("compile") else event.stage
    words = _STAGES.get(stage, "Working")
    if event.stage == "prefill" and event.total:
        return f"{words}: {count(event.done)} of {count(event.total)} tokens"
    if event.total:
        return f"{words}: {event.done / event.total:.0%}"
    return words


def as_markdown(conversation: Conversation) -> str:
    """The branch on view as a Markdown document."""
    title = conversation.chat.title if conversation.chat else "Chat"
    heads = {"user": "You", "assistant": "Model"}
    said = [f"## {heads.get(each.role, each.role)}\n\n{each.text}" for each in conversation.branch]
    return "\n\n".join([f"# {title}", *said]) + "\n"
