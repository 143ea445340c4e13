"""Intervals that hold what they promise."""

import re

import numpy as np
import pytest

from octavo.engine.measure.conclusion import conclusion
from octavo.engine.measure.figures import (
    Figure,
    Figures,
    mean_interval,
    share_interval,
    t_quantile,
)
from octavo.engine.measure.summary import WindowScores, summarize


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.7062), (10, 2.2281), (11, 2.2010), (15, 2.1314), (30, 2.0423), (1000, 1.9623)],
)
def test_student_s_t_is_that_of_the_tables(freedom, expected):
    assert t_quantile(freedom) == pytest.approx(expected, abs=2e-4)


def test_intervals_of_a_mean_hold_the_truth_nineteen_times_in_twenty():
    random = np.random.default_rng(5)
    found = [mean_interval(random.normal(3.0, 2.0, 6).tolist()) for _ in range(2000)]
    assert np.mean([each.low <= 3.0 <= each.high for each in found]) == pytest.approx(0.95, abs=0.015)


def test_agreement_everywhere_is_not_certainty():
    found = share_interval([1.0, 1.0, 1.0], 300)
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.98 < found.low < 0.99  # Wilson's interval for 300 of 300


def scores(n_windows, n_tokens=50, seed=0, gap=0.0):
    random = np.random.default_rng(seed)
    windows = []
    for _ in range(n_windows):
        reference = random.exponential(2.0, n_tokens) + random.normal(0, 0.5)
        divergence = random.exponential(0.05, n_tokens)
        same = random.random(n_tokens) < 0.9
        windows.append(WindowScores(reference + gap, reference, divergence, same))
    return windows


def test_figures_are_the_means_over_all_tokens():
    windows = scores(8)
    found = summarize(windows)
    divergence = np.concatenate([each.divergence for each in windows])
    assert (found.windows, found.scored_tokens) == (8, 400)
    assert found.mean_kl.value == pytest.approx(divergence.mean())
    assert found.kl_p99.value == pytest.approx(np.quantile(divergence, 0.99))
    assert found.same_top_1.value == pytest.approx(np.mean([each.same_top for each in windows]))
    assert found.perplexity.value == pytest.approx(np.exp(np.mean([each.surprise for each in windows])))
    for each in (found.mean_kl, found.kl_p99, found.same_top_1, found.perplexity):
        assert each.low < each.value < each.high


def test_the_ratio_is_sharp_where_the_perplexities_are_not():
    found = summarize(scores(8, gap=0.02))
    assert found.perplexity.low < found.reference_perplexity.value < found.perplexity.high
    ratio = found.perplexity_ratio
    assert (ratio.low, ratio.value, ratio.high) == pytest.approx((np.exp(0.02),) * 3)


def test_without_a_reference_only_the_perplexity_is_known():
    found = summarize([WindowScores(each.surprise) for each in scores(3)])
    assert found.mean_kl is found.reference_perplexity is found.same_top_1 is None
    assert found.perplexity.value > 1


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (Figure(1.01, 0.99, 1.03), "no measurable difference"),
        (Figure(1.06, 1.04, 1.08), r"6\.0 % \(4\.0 to 8\.0\) higher"),
        (Figure(0.97, 0.96, 0.98), r"3\.0 % \(2\.0 to 4\.0\) lower"),
    ],
)
def test_sentence_claims_a_difference_only_outside_the_noise(ratio, said):
    figure = Figure(0.9, 0.88, 0.92)
    sentence = conclusion(Figures(4, 100, figure, figure, ratio, figure, figure, figure))
    assert re.search(said, sentence)
