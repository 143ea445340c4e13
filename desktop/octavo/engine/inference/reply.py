"""An answer, token by token: prefill what is new, sample, stop at the end of the turn."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from octavo.engine.errors import OctavoError
from octavo.engine.inference.sampler import Sampler
from octavo.engine.inference.sampling import Sampling
from octavo.engine.inference.session import Session
from octavo.engine.inference.stop_texts import StopTexts
from octavo.engine.progress import Progress
from octavo.engine.stop import Stop
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


class _Answer:
    """An answer as it grows.

    Parameters
    ----------
    stop_texts : StopTexts
    """

    def __init__(self, stop_texts: StopTexts) -> None:
        self._stop_texts = stop_texts
        self.texts: list[str] = []
        self.tokens: list[int] = []
        self.finish = "length"
        self.first_token_at = 0.0

    def write(
        self, session: Session, tokenizer: Tokenizer, sampler: Sampler, limit: int
    ) -> Generator[TextPiece, None, None]:
        """Sample tokens until one ends the turn, there are ``limit``, or a step was stopped."""
        stream = tokenizer.stream()
        while True:
            token = sampler.choose(session.logits_row, session.tokens)
            self.first_token_at = self.first_token_at or time.perf_counter()
            self.tokens.append(token)
            if token in tokenizer.stop_ids:
                self.finish = "stop"
                break
            yield from self._show(self._stop_texts.push(stream.push(token)))
            if self._stop_texts.is_found:
                self.finish = "stop"
                return
            if len(self.tokens) == limit:
                break
            n_before = len(session.tokens)
            session.step(token)
            if len(session.tokens) == n_before:
                self.finish = "cancelled"
                break
        yield from self._show(self._stop_texts.push(stream.flush()) + self._stop_texts.flush())

    def _show(self, text: str) -> Generator[TextPiece, None, None]:
        if text:
            self.texts.append(text)
            yield TextPiece(text, len(self.tokens))


def reply(
    session: Session,
    tokenizer: Tokenizer,
    ids: Sequence[int],
    sampling: Sampling,
    max_tokens: int = 0,
    *,
    stop: Stop | None = None,
    stop_texts: Sequence[str] = (),
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
    stop : Stop, optional
        Set it to end the answer, inside a step too; what there is becomes the reply, with the finish ``cancelled``.
    stop_texts : sequence of str
        The answer ends before the first of these, with the finish ``stop``.

    Raises
    ------
    OctavoError
        The prompt is empty or leaves no room in the context.
    """
    stop = stop or Stop()
    sampler = Sampler(sampling)
    answer = _Answer(StopTexts(stop_texts))
    if not ids:
        raise OctavoError("There is nothing to answer: the prompt is empty.")
    if len(ids) >= session.context_tokens:
        raise OctavoError(
            f"The conversation takes {len(ids)} tokens, and the context holds {session.context_tokens}.",
            "Start a new chat, or load the model with a longer context.",
        )
    begin = time.perf_counter()
    reused = session.keep(ids)
    with session.stopped_by(stop):
        yield from session.prefill(ids[reused:])
        prefilled = time.perf_counter()
        n_read = len(session.tokens) - reused
        room = session.context_tokens - len(ids)
        if stop.is_set() or reused + n_read < len(ids):
            answer.finish = "cancelled"
        else:
            yield from answer.write(session, tokenizer, sampler, min(max_tokens or room, room))
    end = time.perf_counter()
    first = answer.first_token_at
    return Reply(
        text="".join(answer.texts),
        tokens=answer.tokens,
        prompt_tokens=len(ids),
        reused_tokens=reused,
        prefill_tokens_per_second=n_read / max(prefilled - begin, 1e-9),
        tokens_per_second=max(len(answer.tokens) - 1, 0) / max(end - first, 1e-9) if first else 0.0,
        first_token_seconds=first - begin if first else 0.0,
        finish=answer.finish,
        context_used=len(session.tokens),
    )
