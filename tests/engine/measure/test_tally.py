"""Votes, and the exact interval of a share."""

from __future__ import annotations

import pytest

from octavo.engine.measure.tally import Tally


@pytest.mark.parametrize(
    ("won", "lost", "low", "high"),
    [
        # From the tables of Clopper and Pearson, as R's binom.test gives them.
        (3, 7, 0.06673951, 0.65245285),
        (0, 5, 0.0, 0.52182375),
        (5, 0, 0.47817625, 1.0),
        (9, 1, 0.55498388, 0.99747142),
        (600, 400, 0.56886740, 0.63052440),
    ],
)
def test_the_interval_is_the_exact_one(won, lost, low, high):
    assert Tally(won, lost).interval == pytest.approx((low, high), abs=2e-4)


def test_no_vote_says_nothing():
    assert Tally().interval == pytest.approx((0, 1), abs=1e-9)
    assert Tally(ties=2).sentence("A", "B") == "No preference so far, 2 ties."


def test_few_votes_do_not_tell_two_apart():
    found = Tally(3, 7, 1)

    assert not found.is_distinguishable
    assert found.sentence("F16", "Q4") == (
        "Q4 was preferred 7 of 10 times, 1 tie (95 % interval 35 to 93 %): not yet distinguishable."
    )


def test_many_one_way_do():
    assert Tally(0, 6).is_distinguishable
    assert not Tally(0, 5).is_distinguishable
    assert Tally(9, 1).sentence("F16", "Q4").endswith(": more than chance.")
