"""Which messages of a conversation go to the model when not all of them fit its context.

Nothing is left out unless the user chose so, and what is left out is said: see ``FittedMessages``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from octavo.engine.errors import OctavoError

Message = Mapping[str, str]
DROP_OLDEST = "drop_oldest"
# Room that an answer of no chosen length is given.
_ANSWER_TOKENS = 512


class ContextFull(OctavoError):
    """The conversation outgrew the context, and nothing of it may be left out."""


@dataclass(frozen=True)
class FittedMessages:
    """What is sent.

    Parameters
    ----------
    messages : list of message
        Those that are sent: a system message always, then the newest.
    n_dropped : int
        How many are not: the oldest behind the system message.
    tokens, all_tokens : int
        Of what is sent, and of the whole conversation.
    """

    messages: list[Message]
    n_dropped: int
    tokens: int
    all_tokens: int


def answer_room(context_tokens: int, max_tokens: int) -> int:
    """Tokens that are kept free for the answer when something may be dropped: at most a quarter of the context."""
    return max(1, min(max_tokens or _ANSWER_TOKENS, context_tokens // 4))


def fit_messages(
    messages: Sequence[Message],
    count: Callable[[Sequence[Message]], int],
    *,
    context_tokens: int,
    max_tokens: int = 0,
    overflow: str = "stop",
) -> FittedMessages:
    """Choose what is sent; a function of its arguments alone.

    Whole turns are dropped, from the oldest on, and a quarter of the context at a time: so the beginning of what is
    sent stays the same for many turns, and the model need not read it again.

    Parameters
    ----------
    count : callable
        The tokens of some messages.
    context_tokens : int
        What the context holds, answer included.
    max_tokens : int
        Longest answer; 0 for any.
    overflow : str
        ``stop`` or ``drop_oldest``.

    Raises
    ------
    ContextFull
        Too long, and ``stop``; or the last turn alone is too long.
    """
    everything = count(messages)
    if overflow != DROP_OLDEST:
        if everything >= context_tokens:
            raise _too_long(everything, context_tokens)
        return FittedMessages(list(messages), 0, everything, everything)
    room = context_tokens - answer_room(context_tokens, max_tokens)
    if everything <= room:
        return FittedMessages(list(messages), 0, everything, everything)
    n_kept = 1 if messages and messages[0]["role"] == "system" else 0
    cuts = [at for at in range(n_kept + 1, len(messages)) if messages[at]["role"] == "user"]

    def left(cut: int) -> list[Message]:
        return [*messages[:n_kept], *messages[cut:]]

    step = max(1, room // 4)
    needed = everything - room
    for wanted in (-(-needed // step) * step, needed):
        # More is dropped with each cut, so the first that drops enough is found by halving.
        place = bisect_left(cuts, wanted, key=lambda cut: everything - count(left(cut)))
        if place < len(cuts):
            kept = left(cuts[place])
            return FittedMessages(kept, cuts[place] - n_kept, count(kept), everything)
    raise _too_long(count(left(cuts[-1])) if cuts else everything, context_tokens)


def _too_long(tokens: int, context_tokens: int) -> ContextFull:
    return ContextFull(
        f"The conversation takes {tokens:,} tokens, and the context holds {context_tokens:,}.",
        "Leave the oldest turns out, load the model with a longer context, or start a new chat.",
    )
