"""What a measurement of quality says; every figure comes with the interval that it can be trusted to.

Plain facts without numpy, because the window shows them too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """A measured value and its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Figures:
    """What is known after so many windows of text.

    Without a reference, all but the perplexity is None.

    Parameters
    ----------
    windows, scored_tokens : int
        Windows read so far, and tokens in them whose prediction was scored.
    perplexity, reference_perplexity : Figure
        How many tokens the model hesitates between, on average: 1 would be no doubt at all.
    perplexity_ratio : Figure
        The model's over the reference's; measured on the same tokens, so far sharper than the two apart.
    mean_kl : Figure
        Mean Kullback-Leibler divergence of the model's next-token distribution from the reference's, nats.
    kl_p99 : Figure
        What 99 % of the tokens' divergences stay below, nats.
    same_top_1 : Figure
        Share of tokens, 0 to 1, where both hold the same token for the likeliest.
    """

    windows: int
    scored_tokens: int
    perplexity: Figure
    reference_perplexity: Figure | None = None
    perplexity_ratio: Figure | None = None
    mean_kl: Figure | None = None
    kl_p99: Figure | None = None
    same_top_1: Figure | None = None


@dataclass(frozen=True)
class Measurement:
    """A finished measurement.

    Parameters
    ----------
    figures : Figures
    model : str
        Path of what was measured, or of what it would be made from.
    quantizer : str
        What would make it; empty for the file as it is.
    effort : str
        ``best``, ``imatrix`` or ``quick``: how the quantizer went about it; empty for the file as it is.
    reference : str
        Path of what it was compared with; empty for nothing.
    file_bytes : int
        Size of the file measured, to the byte also where it has not been written.
    text : str
        Name of the text.
    text_tokens, window_tokens : int
        Tokens read, and tokens in a window.
    reused_windows : int
        Windows that the reference had read already in an earlier measurement.
    seconds : float
    window_kl : list of float
        Mean divergence in each window, nats: what two measurements are compared by.
    """

    figures: Figures
    model: str
    quantizer: str
    reference: str
    file_bytes: int
    text: str
    text_tokens: int
    window_tokens: int
    reused_windows: int
    seconds: float
    window_kl: list[float] = field(default_factory=list)
    effort: str = ""


def t_quantile(freedom: int) -> float:
    """Student's t that 97.5 % stay below, by degrees of freedom.

    Tabled for the first ten; beyond, the expansion in Abramowitz and Stegun, 26.7.5.
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    z, n = 1.959964, freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / n + second / n**2 + third / n**3


_T = (12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814)


def mean_interval(means: Sequence[float]) -> Figure:
    """The mean of windows' means, with Student's interval; two windows at least.

    Tokens of a window share their subject and their context, so they are no independent witnesses: a window
    counts as one. Neighbouring windows of one text still share its author; the interval says how far another
    stretch of *such a text* may differ, not a text of another kind.
    """
    n = len(means)
    mean = math.fsum(means) / n
    variance = math.fsum((each - mean) ** 2 for each in means) / (n - 1)
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return Figure(mean, mean - half, mean + half)


def share_interval(shares: Sequence[float], n_trials: int) -> Figure:
    """A share of tokens, over windows as ``mean_interval``, but never narrower than Wilson's interval.

    Where every window agrees, its spread says 0; that so many trials all went one way says more.
    """
    over_windows = mean_interval(shares)
    p, z = over_windows.value, 1.959964
    centre = (p + z * z / (2 * n_trials)) / (1 + z * z / n_trials)
    half = z / (1 + z * z / n_trials) * math.sqrt(p * (1 - p) / n_trials + (z / (2 * n_trials)) ** 2)
    low = min(over_windows.low, centre - half, p)
    high = max(over_windows.high, centre + half, p)
    return Figure(p, max(0.0, low), min(1.0, high))
