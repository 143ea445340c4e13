"""The messages of ``protocol`` about comparing two models."""

from __future__ import annotations

from typing import Any

import msgspec

from octavo.worker.message import Message


class Compare(Message, frozen=True, kw_only=True):
    """Ask two models the same; ends with ``Done(result=Comparison as plain data)``.

    ``ComparePiece`` on the way, the first model's before the second one's. Both models stay loaded for the next
    ``Compare`` of the same two, where they fit together.

    Parameters
    ----------
    first, second : str
        Paths; the second one's tokens are seen against the first one's.
    max_tokens : int
        Longest answer.
    sampling : dict
        Fields of ``inference.sampling.Sampling``; empty takes the likeliest token each time.
    """

    first: str
    second: str
    prompt: str
    system: str = ""
    max_tokens: int = 256
    sampling: dict[str, Any] = msgspec.field(default_factory=dict)  # of several types
    n_threads: int = 0


class ComparePiece(Message, frozen=True, kw_only=True):
    """Some more of an answer; the first piece of each is empty, and comes before its model is loaded.

    Parameters
    ----------
    number : int
        0 for the first model, 1 for the second.
    n_tokens : int
        Of the answer so far.
    """

    number: int
    text: str
    n_tokens: int = 0
