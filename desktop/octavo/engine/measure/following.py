"""How one model takes the answer of another: what it would have said at each token of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.session import Session
from octavo.engine.measure.comparison import Candidate, FollowedToken, Following, Parting
from octavo.engine.measure.divergence import ReferenceWindow, scores
from octavo.engine.progress import Progress, Work
from octavo.engine.tokenizer.tokenizer import Tokenizer

LABEL = "comparing"


@dataclass(frozen=True)
class OwnAnswer:
    """An answer, and what its own model said at each of its tokens."""

    tokens: list[int]
    said: ReferenceWindow

    def probability(self, place: int, token: int) -> float:
        """What the model gives ``token`` at ``place`` of its answer."""
        chosen = self.tokens[place]
        codes = self.said.codes[place]
        gap = (int(codes[chosen]) - int(codes[token])) * float(self.said.steps[place])
        return min(1.0, math.exp(gap - float(self.said.surprise[place])))


def own_answer(session: Session, prompt: Sequence[int], tokens: list[int]) -> Work[OwnAnswer]:
    """Let the model that gave the answer ``tokens`` say how likely it holds each of them."""
    said = ReferenceWindow.empty(len(tokens), session.shape.n_vocabulary)
    with ThreadPoolExecutor(session.n_threads, thread_name_prefix="compare") as threads:
        for first, logits, targets in _rows(session, prompt, tokens):
            said.take(first, logits, targets, threads)
            yield Progress(first + len(logits), len(tokens), LABEL)
    return OwnAnswer(tokens, said)


@dataclass(frozen=True)
class Followed:
    """The following, and the probability that the second model gives to the tokens at the parting."""

    following: Following
    at_parting: tuple[float, float] | None


def follow(
    session: Session,
    tokenizer: Tokenizer,
    prompt: Sequence[int],
    answer: OwnAnswer,
    ends: Sequence[int],
    parting: tuple[int, int] | None,
) -> Work[Followed]:
    """Let another model of the same tokens take the answer token by token.

    Parameters
    ----------
    prompt : sequence of int
        As this model is asked.
    ends : sequence of int
        Characters of the answer's text up to the end of each token.
    parting : (int, int) or None
        The place of the first token that differs, and this model's own one there.
    """
    found: list[FollowedToken] = []
    n_same, at_parting = 0, None
    with ThreadPoolExecutor(session.n_threads, thread_name_prefix="compare") as threads:
        for first, logits, targets in _rows(session, prompt, answer.tokens):
            compared = scores(answer.said, first, logits, targets, threads)
            assert compared.divergence is not None
            assert compared.same_top is not None
            for row, (token, surprise, divergence, is_same) in enumerate(
                zip(targets.tolist(), compared.surprise, compared.divergence, compared.same_top, strict=True)
            ):
                place = first + row
                own = min(1.0, math.exp(-float(surprise)))
                choice = "" if is_same else tokenizer.token_text(int(logits[row].argmax()))
                found.append(
                    FollowedToken(
                        ends[place], answer.probability(place, token), own, choice, float(divergence)
                    )
                )
                n_same += bool(is_same)
                if parting is not None and parting[0] == place:
                    gap = float(logits[row][parting[1]] - logits[row][token])
                    at_parting = (own, min(1.0, math.exp(gap - float(surprise))))
            yield Progress(place + 1, len(answer.tokens), LABEL)
    mean_kl = math.fsum(each.divergence for each in found) / len(found)
    return Followed(Following(n_same, mean_kl, found), at_parting)


def parting_of(
    answer: OwnAnswer, place: int, other: int, at_parting: tuple[float, float], tokenizer: Tokenizer
) -> Parting:
    """The two candidates at ``place``, where the second model says ``other``."""
    token = answer.tokens[place]
    stop_ids = tokenizer.stop_ids

    def candidate(chosen: int, second: float) -> Candidate:
        text = tokenizer.token_text(chosen)
        return Candidate(chosen, text, chosen in stop_ids, answer.probability(place, chosen), second)

    return Parting(place, candidate(token, at_parting[0]), candidate(other, at_parting[1]))


def _rows(
    session: Session, prompt: Sequence[int], tokens: Sequence[int]
) -> Iterator[tuple[int, npt.NDArray[np.float32], npt.NDArray[np.int64]]]:
    """The logits before each token of an answer, some rows at a time, with the tokens that then came."""
    first = 0
    for logits in session.each_logits([*prompt, *tokens[:-1]], len(prompt) - 1):
        yield first, logits, np.asarray(tokens[first : first + len(logits)], np.int64)
        first += len(logits)
