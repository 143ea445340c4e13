"""An answer, token by token: prefill what is new, sample, stop at the end of the turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from octavo.engine.errors import OctavoError
from octavo.engine.inference.sampler import Sampler
from octavo.engine.inference.sampling import Sampling
from octavo.engine.inference.session import Session
from octavo.engine.progress import Progress
from octavo.engine.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class TextPiece:
    """Some more of the answer.

    Parameters
    ----------
    text : str
        Whole characters.
    n_tokens : int
        Of the answer so far.
    """

    text: str
    n_tokens: int


@dataclass(frozen=True)
class Reply:
    """A finished answer.

    Parameters
    ----------
    text : str
    tokens : list of int
        What was sampled, the token that ended the turn included.
    prompt_tokens, reused_tokens : int
        Tokens of the prompt, and how many of them were in the cache already.
    prefill_tokens_per_second, tokens_per_second : float
        Of reading the new part of the prompt, and of writing.
    first_token_seconds : float
        From the request to the first token.
    finish : str
        ``stop``, ``length`` or ``cancelled``.
    context_used : int
        Tokens in the cache afterwards.
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


def reply(
    session: Session,
    tokenizer: Tokenizer,
    ids: Sequence[int],
    sampling: Sampling,
    max_tokens: int = 0,
    *,
    stop: threading.Event | None = None,
) -> Generator[Progress | TextPiece, None, Reply]:
    """Answer a prompt.

    Parameters
    ----------
    session : Session
    tokenizer : Tokenizer
    ids : sequence of int
        The whole prompt; what of it is in the cache is not read again.
    sampling : Sampling
    max_tokens : int
        0 for as many as the context holds.
    stop : threading.Event, optional
        Set it to end the answer; what there is becomes the reply, with the finish ``cancelled``.

    Raises
    ------
    OctavoError
        The prompt is empty or leaves no room in the context.
    """
    stop = stop or threading.Event()
    sampler = Sampler(sampling)
    if not ids:
        raise OctavoError("There is nothing to answer: the prompt is empty.")
    if len(ids) >= session.context_tokens:
        raise OctavoError(
            f"The conversation takes {len(ids)} tokens, and the context holds {session.context_tokens}.",
            "Start a new chat, or load the model with a longer context.",
        )
    begin = time.perf_counter()
    reused = session.keep(ids)
    for progress in session.prefill(ids[reused:]):
        yield progress
        if stop.is_set():
            break
    prefilled = time.perf_counter()
    written = yield from _write(session, tokenizer, sampler, max_tokens, stop)
    text, tokens, finish, first = written
    end = time.perf_counter()
    return Reply(
        text=text,
        tokens=tokens,
        prompt_tokens=len(ids),
        reused_tokens=reused,
        prefill_tokens_per_second=(len(ids) - reused) / max(prefilled - begin, 1e-9),
        tokens_per_second=max(len(tokens) - 1, 0) / max(end - first, 1e-9) if first else 0.0,
        first_token_seconds=first - begin if first else 0.0,
        finish=finish,
        context_used=len(session.tokens),
    )


def _write(
    session: Session, tokenizer: Tokenizer, sampler: Sampler, max_tokens: int, stop: threading.Event
) -> Generator[TextPiece, None, tuple[str, list[int], str, float]]:
    """Sample until the end; the text, the tokens, why it ended, and when the first token came."""
    stream = tokenizer.stream()
    texts: list[str] = []
    tokens: list[int] = []
    first = 0.0
    room = session.context_tokens - len(session.tokens)
    limit = min(max_tokens, room) if max_tokens else room
    finish = "length"
    while len(tokens) < limit:
        if stop.is_set():
            finish = "cancelled"
            break
        token = sampler.choose(session.logits_row, session.tokens)
        first = first or time.perf_counter()
        tokens.append(token)
        if token in tokenizer.stop_ids:
            finish = "stop"
            break
        text = stream.push(token)
        if text:
            texts.append(text)
            yield TextPiece(text, len(tokens))
        if len(tokens) < limit:
            session.step(token)
    rest = stream.flush()
    if rest:
        texts.append(rest)
        yield TextPiece(rest, len(tokens))
    return "".join(texts), tokens, finish, first
