"""How the next token is chosen from the logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.engine.errors import OctavoError

_PENALTY_WINDOW = 64  # tokens that the repeat penalty looks back


@dataclass(frozen=True)
class Sampling:
    """The settings of a sampler.

    Parameters
    ----------
    temperature : float
        0 always takes the likeliest token.
    top_k : int
        Keep that many of the likeliest; 0 keeps all.
    top_p : float
        Keep the likeliest tokens that together have this probability (Holtzman et al., arXiv 1904.09751).
    min_p : float
        Keep tokens of at least this share of the likeliest one's probability (Nguyen et al., arXiv 2407.01082).
    repeat_penalty : float
        Divide the logits of the last 64 tokens by this (Keskar et al., arXiv 1909.05858); 1 does nothing.
    seed : int or None
        The same seed gives the same text; None draws one.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None

    def check(self) -> None:
        """Raise OctavoError for a setting out of its range."""
        rules = (
            ("temperature", self.temperature, 0 <= self.temperature <= 100, "0 to 100"),
            ("top-k", self.top_k, self.top_k >= 0, "0 or more"),
            ("top-p", self.top_p, 0 < self.top_p <= 1, "above 0, at most 1"),
            ("min-p", self.min_p, 0 <= self.min_p <= 1, "0 to 1"),
            ("repeat penalty", self.repeat_penalty, 0 < self.repeat_penalty <= 10, "above 0, at most 10"),
            ("seed", self.seed, self.seed is None or self.seed >= 0, "0 or more"),
        )
        for name, value, is_good, allowed in rules:
            if not is_good:
                raise OctavoError(f"The {name} cannot be {value}.", f"Choose {allowed}.")


class Sampler:
    """Chooses tokens; one for each answer.

    Parameters
    ----------
    sampling : Sampling
    """

    def __init__(self, sampling: Sampling) -> None:
        sampling.check()
        self._sampling = sampling
        self._random = np.random.default_rng(sampling.seed)

    def choose(self, logits: npt.NDArray[np.float32], history: Sequence[int] = ()) -> int:
        """The next token.

        Parameters
        ----------
        logits : float32[vocabulary]
        history : sequence of int
            The tokens so far, for the repeat penalty.

        Raises
        ------
        OctavoError
            All logits are NaN: the weights are damaged.
        """
        s = self._sampling
        if s.repeat_penalty != 1 and history:
            logits = _penalized(logits, history[-_PENALTY_WINDOW:], s.repeat_penalty)
        best = int(np.argmax(logits))
        if np.isnan(logits[best]):
            raise OctavoError(
                "The model computed numbers that are no numbers.", "Its weights may be damaged."
            )
        if s.temperature == 0:
            return best
        ids, probabilities = self._candidates(logits, float(logits[best]))
        return int(
            ids[np.searchsorted(np.cumsum(probabilities), self._random.random() * probabilities.sum())]
        )

    def _candidates(
        self, logits: npt.NDArray[np.float32], largest: float
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The tokens that may be drawn, likeliest first, with their probabilities (not of sum 1)."""
        s = self._sampling
        n = min(s.top_k or len(logits), len(logits))
        floor = largest + s.temperature * float(np.log(s.min_p)) if s.min_p > 0 else -np.inf
        ids = np.flatnonzero(logits >= floor)
        if len(ids) > n:
            ids = ids[np.argpartition(logits[ids], -n)[-n:]]
        ids = ids[np.argsort(-logits[ids], kind="stable")]
        weights = np.exp((logits[ids].astype(np.float64) - largest) / s.temperature)
        if s.top_p < 1:
            before = np.cumsum(weights) - weights
            kept = before < s.top_p * weights.sum()
            ids, weights = ids[kept], weights[kept]
        return ids, weights


def _penalized(
    logits: npt.NDArray[np.float32], recent: Sequence[int], penalty: float
) -> npt.NDArray[np.float32]:
    logits = logits.copy()
    ids = np.unique(np.asarray(recent))
    chosen = logits[ids]
    logits[ids] = np.where(chosen > 0, chosen / penalty, chosen * penalty)
    return logits
