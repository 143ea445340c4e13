"""Votes between two models, and what they can and cannot say.

The interval is Clopper and Pearson's (Biometrika 26, 1934): exact, and so never too narrow for few votes. It holds for
a number of votes that was settled before; who stops at the first lucky streak fools himself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_TAIL = 0.025
_HALVINGS = 60


@dataclass(frozen=True)
class Tally:
    """How often each of two was preferred; ties say nothing about which is better."""

    first: int = 0
    second: int = 0
    ties: int = 0

    @property
    def decided(self) -> int:
        """Votes for one of the two."""
        return self.first + self.second

    @property
    def interval(self) -> tuple[float, float]:
        """What share of votes the first one would win, 95 % interval; 0 to 1 before the first vote."""
        n, k = self.decided, self.first
        return _lower_end(k, n), 1 - _lower_end(n - k, n)

    @property
    def is_distinguishable(self) -> bool:
        """Whether chance alone is no good explanation."""
        low, high = self.interval
        return low > 0.5 or high < 0.5

    def sentence(self, first: str, second: str) -> str:
        """What the votes say; ``first`` and ``second`` are what to call the models."""
        n = self.decided
        ties = f", {self.ties} {'tie' if self.ties == 1 else 'ties'}" if self.ties else ""
        if not n:
            return f"No preference so far{ties}."
        low, high = self.interval
        name, wins = (first, self.first) if self.first >= self.second else (second, self.second)
        if name == second:
            low, high = 1 - high, 1 - low
        told = f"{name} was preferred {wins} of {n} times{ties} (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
        return f"{told}: {'more than chance' if self.is_distinguishable else 'not yet distinguishable'}."


def _lower_end(k: int, n: int) -> float:
    """The share at which ``k`` or more of ``n`` become likelier than one tail of the interval."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_least(k, n, middle) < _TAIL:
            low = middle
        else:
            high = middle
    return low


def _at_least(k: int, n: int, share: float) -> float:
    """The probability of ``k`` or more successes in ``n`` trials."""
    if share <= 0 or share >= 1:
        return float(share >= 1 or k == 0)
    # In logarithms: the binomial coefficients of a thousand votes are no floats.
    won, lost, whole = math.log(share), math.log1p(-share), math.lgamma(n + 1)
    terms = (
        whole - math.lgamma(each + 1) - math.lgamma(n - each + 1) + each * won + (n - each) * lost
        for each in range(k, n + 1)
    )
    return math.fsum(map(math.exp, terms))
