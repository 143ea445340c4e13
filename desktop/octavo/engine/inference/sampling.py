"""How the next token is chosen from the logits."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from octavo.engine.errors import OctavoError

MOST_SEEDS = 1 << 64
_MOST_RECENT = 65_536


@dataclass(frozen=True)
class Sampling:
    """The settings of a sampler.

    They are applied in this order: bias, penalties, the mask of the call, temperature, min-p, top-k, typical-p, top-p.

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
        Divide positive logits of recent tokens by this, multiply negative ones (Keskar et al., arXiv 1909.05858);
        1 does nothing.
    seed : int or None
        The same seed gives the same text; None draws one.
    typical_p : float
        Keep the tokens of the most typical surprise that together have this probability (Meister et al.,
        arXiv 2202.00666); 1 keeps all.
    presence_penalty, frequency_penalty : float
        Take this off the logits of recent tokens: once, and for each time that they came.
    penalty_tokens : int
        How many of the last tokens are recent.
    logit_bias : mapping of int to float, or pairs
        What to add to the logits of tokens; ``-inf`` forbids one. Kept as a tuple of pairs.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None
    typical_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalty_tokens: int = 64
    logit_bias: Mapping[int, float] | tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        """Keep the biases as pairs, so that settings can be compared and hashed."""
        given = self.logit_bias
        pairs = given.items() if isinstance(given, Mapping) else given
        object.__setattr__(self, "logit_bias", tuple((token, value) for token, value in pairs))

    @property
    def biases(self) -> tuple[tuple[int, float], ...]:
        """``logit_bias`` as pairs."""
        return tuple(self.logit_bias)  # type: ignore[arg-type]  # pairs since __post_init__

    @property
    def has_penalties(self) -> bool:
        """Whether recent tokens matter."""
        penalties = (self.repeat_penalty - 1, self.presence_penalty, self.frequency_penalty)
        return self.penalty_tokens > 0 and any(penalties)

    def check(self) -> None:
        """Raise OctavoError for a setting out of its range."""
        rules = (
            ("temperature", self.temperature, 0 <= self.temperature <= 100, "0 to 100"),
            ("top-k", self.top_k, 0 <= self.top_k < 1 << 31, "0 or more"),
            ("top-p", self.top_p, 0 < self.top_p <= 1, "above 0, at most 1"),
            ("min-p", self.min_p, 0 <= self.min_p <= 1, "0 to 1"),
            ("typical-p", self.typical_p, 0 < self.typical_p <= 1, "above 0, at most 1"),
            ("repeat penalty", self.repeat_penalty, 0 < self.repeat_penalty <= 10, "above 0, at most 10"),
            ("presence penalty", self.presence_penalty, abs(self.presence_penalty) <= 100, "-100 to 100"),
            ("frequency penalty", self.frequency_penalty, abs(self.frequency_penalty) <= 100, "-100 to 100"),
            (
                "number of penalized tokens",
                self.penalty_tokens,
                0 <= self.penalty_tokens <= _MOST_RECENT,
                f"0 to {_MOST_RECENT}",
            ),
            ("seed", self.seed, self.seed is None or 0 <= self.seed < MOST_SEEDS, f"0 to {MOST_SEEDS - 1}"),
        )
        for name, value, is_good, allowed in rules:
            if not is_good:
                raise OctavoError(f"The {name} cannot be {value}.", f"Choose {allowed}.")
        for token, value in self.biases:
            if token < 0:
                raise OctavoError(f"There is no token {token} to bias.", "Token ids are 0 or more.")
            if math.isnan(value) or value > 1000:
                raise OctavoError(f"The bias of token {token} cannot be {value}.", "Choose at most 1000.")

    def drawn_seed(self) -> int:
        """The seed, or a new one where none was chosen."""
        return secrets.randbits(64) if self.seed is None else self.seed
