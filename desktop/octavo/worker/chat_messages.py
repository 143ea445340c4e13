"""The messages of ``protocol`` about chats: loading, asking, counting, answering; and the upkeep of their store."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from octavo.worker.message import Message


# Requests.
class Load(Message, frozen=True, kw_only=True):
    """Load a model for chat in place of the one loaded before; ends with ``Done(result=LoadReport)``."""

    path: str
    context_tokens: int = 0
    kv_type: str = "f16"
    n_threads: int = 0
    force: bool = False  # even if it needs more memory than is free


class Chat(Message, frozen=True, kw_only=True):
    """Answer the last message of a conversation; pieces, then ``Replied``, then ``Done``.

    Parameters
    ----------
    sampling : dict
        Fields of ``inference.sampling.Sampling``.
    template : str
        Jinja source to use instead of the model's.
    stop_texts : list of str
        The answer ends before the first of these.
    overflow : str
        Where the conversation outgrows the context: ``stop`` fails as ``context_full``, ``drop_oldest`` leaves out
        the oldest turns (``Replied.n_dropped``).
    continued : str
        The beginning of the answer, to go on from; it is not told again.
    key : str
        Names the conversation: what was read of it is kept in a file when another one or another model takes its
        place, and read back. Letters, digits and hyphens; empty keeps nothing.
    """

    messages: list[dict[str, str]]
    sampling: dict[str, Any] = msgspec.field(default_factory=dict)  # of several types
    max_tokens: int = 0
    template: str = ""
    stop_texts: list[str] = msgspec.field(default_factory=list)
    overflow: Literal["stop", "drop_oldest"] = "stop"
    continued: str = ""
    key: str = ""


class CountTokens(Message, frozen=True, kw_only=True):
    """How many tokens a conversation takes; ends with ``Done(result=TokenCount)``. Fields as in ``Chat``.

    Parameters
    ----------
    texts : list of str
        Texts to be counted each by itself, for example attached files.
    """

    messages: list[dict[str, str]]
    max_tokens: int = 0
    template: str = ""
    overflow: Literal["stop", "drop_oldest"] = "stop"
    texts: list[str] = msgspec.field(default_factory=list)


class TidyChats(Message, frozen=True, kw_only=True):
    """Really delete what has been in the trash of the chats so long, and make the day's copy of them."""

    older_than_days: float


class ImportChats(Message, frozen=True, kw_only=True):
    """Take in the chats of a file; ends with ``Done(result=store.chat_import.ImportReport)``."""

    path: str


class ExportChats(Message, frozen=True, kw_only=True):
    """Write chats to a file; a name that ends in ``.json`` gets every branch, another one Markdown."""

    path: str
    chat_ids: list[int]


# What some requests end with, as plain data in ``Done.result``.
class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``Load`` made ready.

    Parameters
    ----------
    context_tokens : int
        The context it was loaded with, tokens.
    predicted_bytes, measured_rss_bytes : int
        Memory as estimated before, and of the child process now.
    template, template_note : str
        The Jinja source that conversations are written with, and a sentence if it is not the model's own.
    template_findings : list of str
        A sentence for each thing about it that a person should look at before trusting it.
    built_in_template : str
        A plain one that suits the model, for where its own fails.
    busy : float
        The share of all processors that other programs used meanwhile; 0 to 1.
    """

    context_tokens: int
    kv_type: str
    n_threads: int
    tier: str
    load_seconds: float
    predicted_bytes: int
    measured_rss_bytes: int
    template: str = ""
    template_note: str = ""
    template_findings: list[str] = msgspec.field(default_factory=list)
    built_in_template: str = ""
    busy: float = 0.0


class TokenCount(msgspec.Struct, frozen=True, kw_only=True):
    """What ``CountTokens`` found.

    Parameters
    ----------
    tokens : int
        Of the whole conversation.
    sent_tokens : int
        Of what would be sent; 0 if it is too long to be.
    n_dropped : int
        Messages that would not be sent: the oldest behind the system message.
    text_tokens : list of int
        Of each of ``CountTokens.texts``.
    """

    tokens: int
    sent_tokens: int = 0
    n_dropped: int = 0
    text_tokens: list[int] = msgspec.field(default_factory=list)


# Events.
class Piece(Message, frozen=True, kw_only=True):
    """A piece of the answer's text, with the number of tokens so far."""

    text: str
    n_tokens: int = 0


class Replied(Message, frozen=True, kw_only=True):
    """The whole answer and its figures; ``n_dropped`` messages, the oldest, were left out (``Chat.overflow``).

    ``busy`` is the share of all processors that other programs used meanwhile; 0 to 1.
    """

    text: str
    tokens: list[int]
    prompt_tokens: int
    reused_tokens: int
    prefill_tokens_per_second: float
    tokens_per_second: float
    first_token_seconds: float
    finish: str
    context_used: int
    measured_rss_bytes: int
    n_dropped: int = 0
    busy: float = 0.0

    def stats(self) -> dict[str, float]:
        """The figures that are kept with the answer."""
        return {
            "tokens_per_second": self.tokens_per_second,
            "n_tokens": len(self.tokens),
            "first_token_seconds": self.first_token_seconds,
            "prompt_tokens": self.prompt_tokens,
            "reused_tokens": self.reused_tokens,
            "context_used": self.context_used,
            "n_dropped": self.n_dropped,
        }
