"""What two models say about the same next token, compared over the whole vocabulary.

The reference's distribution is kept in 16 bits a token, for a window of text at a time: its logits as steps below
the likeliest one, of a 65,535th of their range, at most 32 nats deep (what is left out has less than 1e-8 of the
probability). Such steps are wrong by 1.4e-4 nats on average; the divergence feels the square of it, 1e-8, far below
any two files that differ (Q8_0: 1e-3). Every comparison takes the reference through these 16 bits, whether it was
just computed or read from the cache, so both give the same figures to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.engine.errors import OctavoError
from octavo.engine.measure.summary import WindowScores

_DEEPEST = 32.0  # nats
_STEPS = 65535

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ReferenceWindow:
    """What the reference says after each scored token of a window.

    Parameters
    ----------
    steps : float32[tokens]
        Nats that a code counts.
    codes : uint16[tokens, vocabulary]
        How many steps each token's logit lies below the highest.
    top : int32[tokens]
        The likeliest token.
    surprise : float64[tokens]
        Minus the log-probability of the token that came; exact, not from the codes.
    """

    steps: Floats
    codes: npt.NDArray[np.uint16]
    top: npt.NDArray[np.int32]
    surprise: npt.NDArray[np.float64]

    @staticmethod
    def empty(n_tokens: int, n_vocabulary: int) -> ReferenceWindow:
        """Room for so many tokens."""
        return ReferenceWindow(
            np.empty(n_tokens, np.float32),
            np.empty((n_tokens, n_vocabulary), np.uint16),
            np.empty(n_tokens, np.int32),
            np.empty(n_tokens, np.float64),
        )

    def arrays(self) -> tuple[npt.NDArray[np.generic], ...]:
        """All that it holds, in a fixed order."""
        return self.steps, self.codes, self.top, self.surprise

    @staticmethod
    def bytes_for(n_tokens: int, n_vocabulary: int) -> int:
        """Bytes that so many tokens take."""
        return n_tokens * (2 * n_vocabulary + 16)

    def take(self, first: int, logits: Floats, targets: npt.NDArray[np.int64], threads: Executor) -> None:
        """Keep rows ``first`` on.

        Parameters
        ----------
        logits : float32[rows, vocabulary]
        targets : int64[rows]
            The token that came after each.
        """

        def keep(row: int) -> None:
            at = first + row
            self.top[at], below, log_total = _below_top(logits[row])
            self.surprise[at] = below[targets[row]] + log_total
            deepest = min(float(below.max()), _DEEPEST)
            self.steps[at] = step = np.float32(max(deepest, 1e-6) / _STEPS)
            np.minimum(below, _DEEPEST, out=below)
            below /= step
            np.rint(below, out=below)
            np.minimum(below, _STEPS, out=below)
            self.codes[at] = below

        _each(keep, len(logits), threads)


def perplexity_scores(
    logits: Floats, targets: npt.NDArray[np.int64], threads: Executor
) -> npt.NDArray[np.float64]:
    """Minus the log-probability that each row gives to its target, float64[rows]."""
    surprise = np.empty(len(logits), np.float64)

    def score(row: int) -> None:
        _, below, log_total = _below_top(logits[row])
        surprise[row] = below[targets[row]] + log_total

    _each(score, len(logits), threads)
    return surprise


def scores(
    reference: ReferenceWindow, first: int, logits: Floats, targets: npt.NDArray[np.int64], threads: Executor
) -> WindowScores:
    """Compare ``logits`` with the reference's rows from ``first`` on."""
    n = len(logits)
    surprise, divergence, same = np.empty(n, np.float64), np.empty(n, np.float64), np.empty(n, np.bool_)

    def score(row: int) -> None:
        at = first + row
        top, below, log_total = _below_top(logits[row])
        surprise[row] = below[targets[row]] + log_total
        same[row] = top == reference.top[at]
        divergence[row] = _divergence(reference.codes[at], reference.steps[at], below, log_total)

    _each(score, n, threads)
    return WindowScores(surprise, reference.surprise[first : first + n], divergence, same)


def joined(parts: list[WindowScores]) -> WindowScores:
    """The scores of a window from those of its parts."""
    surprise = np.concatenate([each.surprise for each in parts])
    references = [each.reference_surprise for each in parts if each.reference_surprise is not None]
    divergences = [each.divergence for each in parts if each.divergence is not None]
    tops = [each.same_top for each in parts if each.same_top is not None]
    if not references:
        return WindowScores(surprise)
    return WindowScores(
        surprise, np.concatenate(references), np.concatenate(divergences), np.concatenate(tops)
    )


def _each(work: Callable[[int], None], n: int, threads: Executor) -> None:
    """Do the rows in parallel; numpy lets go of the interpreter for each."""
    for _ in threads.map(work, range(n)):
        pass


def _below_top(logits: Floats) -> tuple[int, Floats, float]:
    """The likeliest token; how far each lies below it, nats; the log of the sum of their exponentials."""
    top = int(logits.argmax())
    below = logits[top] - logits
    # numpy adds float32 pairwise: the sum is good to 1e-6 even over 262k tokens.
    total = float(np.exp(-below).sum())
    if not math.isfinite(total):
        raise OctavoError("The model computes no finite numbers.", "It is damaged: get it again.")
    return top, below, math.log(total)


def _divergence(codes: npt.NDArray[np.uint16], step: np.float32, below: Floats, log_total: float) -> float:
    """Kullback-Leibler divergence of exp(-below) from the reference, nats.

    With ``r`` the reference's logits below its highest and ``Z`` the sums of exponentials:
    ``sum(exp(-r) * (below - r)) / Z_r - log Z_r + log Z_below``.
    """
    reference = codes * step
    weights = np.exp(-reference)
    total = float(weights.sum())
    np.subtract(below, reference, out=reference)
    reference *= weights
    return max(0.0, float(reference.sum()) / total - math.log(total) + log_total)
