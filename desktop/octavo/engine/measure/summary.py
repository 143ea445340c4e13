"""From the scores of windows to figures with 95 % confidence intervals.

All windows are equally long, so the mean over tokens is the mean over windows. Means get Student's interval over
windows (``figures.mean_interval`` says why); perplexities are exponentials of such a mean and so of its ends; the
ratio of perplexities is taken from the windows' differences. The 99th percentile, which is no mean, gets the
percentile bootstrap over windows (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.engine.measure.figures import Figure, Figures, mean_interval, share_interval

_RESAMPLES = 400
_SEED = 1979


@dataclass(frozen=True)
class WindowScores:
    """What was found at each scored token of a window; without a reference, only the first.

    Parameters
    ----------
    surprise, reference_surprise : float64[tokens]
        Minus the log-probability that the model, and the reference, gave to the token that came.
    divergence : float64[tokens]
        Kullback-Leibler divergence, nats.
    same_top : bool[tokens]
        Whether both hold the same token for the likeliest.
    """

    surprise: npt.NDArray[np.float64]
    reference_surprise: npt.NDArray[np.float64] | None = None
    divergence: npt.NDArray[np.float64] | None = None
    same_top: npt.NDArray[np.bool_] | None = None


def summarize(windows: Sequence[WindowScores]) -> Figures:
    """The figures of two windows or more, equally long."""
    surprise = [float(each.surprise.mean()) for each in windows]
    n_tokens = sum(len(each.surprise) for each in windows)
    perplexity = _exponential(mean_interval(surprise))
    references = [each.reference_surprise for each in windows if each.reference_surprise is not None]
    divergences = [each.divergence for each in windows if each.divergence is not None]
    tops = [each.same_top for each in windows if each.same_top is not None]
    if not references:
        return Figures(len(windows), n_tokens, perplexity)
    reference_surprise = [float(each.mean()) for each in references]
    gaps = [a - b for a, b in zip(surprise, reference_surprise, strict=True)]
    mean_kl = mean_interval([float(each.mean()) for each in divergences])
    return Figures(
        windows=len(windows),
        scored_tokens=n_tokens,
        perplexity=perplexity,
        reference_perplexity=_exponential(mean_interval(reference_surprise)),
        perplexity_ratio=_exponential(mean_interval(gaps)),
        mean_kl=Figure(mean_kl.value, max(0.0, mean_kl.low), mean_kl.high),
        kl_p99=_percentile(divergences),
        same_top_1=share_interval([float(each.mean()) for each in tops], n_tokens),
    )


def _exponential(figure: Figure) -> Figure:
    return Figure(_exp(figure.value), _exp(figure.low), _exp(figure.high))


def _exp(value: float) -> float:
    """Perplexities beyond any vocabulary's size mean nothing, and JSON has no infinity."""
    return math.exp(min(value, 200.0))


def _percentile(windows: Sequence[npt.NDArray[np.float64]]) -> Figure:
    values = np.stack(windows)
    random = np.random.default_rng(_SEED)
    drawn = [
        float(np.quantile(values[random.integers(0, len(values), len(values))], 0.99))
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(drawn, (0.025, 0.975))
    value = float(np.quantile(values, 0.99))
    return Figure(value, min(float(low), value), max(float(high), value))
