from datetime import datetime

import pytest

from octavo.gui.wording import (
    byte_count,
    byte_mark,
    context,
    day,
    duration,
    figure,
    first_word,
    likely_speed,
    listed,
    moment,
    parameters,
    speed,
)

NOW = datetime(2026, 5, 20, 12, 0)


@pytest.mark.parametrize(
    ("n_bytes", "shown"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (5_251_536, "5.3 MB"), (611_000_000, "611 MB"),
        (999_600_000, "1.0 GB"), (2_000_000_000, "2.0 GB"), (14_520_000_000, "14.5 GB"), (16e9, "16.0 GB"),
        (79e9, "79.0 GB"), (240e9, "240 GB"), (1.5e12, "1.5 TB"),
    ],
)  # fmt: skip
def test_sizes(n_bytes, shown):
    assert byte_count(n_bytes) == shown


@pytest.mark.parametrize(
    ("n_bytes", "shown"), [(0, "0"), (75e9, "75 GB"), (2.5e9, "2.5 GB"), (100e9, "100 GB")]
)
def test_axes_are_marked_with_round_sizes(n_bytes, shown):
    assert byte_mark(n_bytes) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0.9e9, 3.1e9, "0.9"), (12e6, 410e6, "12.0"), (189e6, 640e6, "189"), (1.04e6, 198e6, "1.0")],
)
def test_figures_share_the_unit_of_the_whole(part, whole, shown):
    assert figure(part, whole) == shown


@pytest.mark.parametrize(("tokens", "shown"), [(512, "512"), (1536, "1.5K"), (8192, "8K"), (131072, "128K")])
def test_contexts(tokens, shown):
    assert context(tokens) == shown


@pytest.mark.parametrize(
    ("n", "shown"), [(3_210_000_000, "3.2B"), (134_515_008, "135M"), (2_600_000, "2.6M"), (500, "500")]
)
def test_parameters(n, shown):
    assert parameters(n) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.2, "under 1 s"), (72, "1 min 12 s"), (7500, "2 h 5 min")])
def test_durations(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(3.14, "3.1 tok/s"), (14.2, "14 tok/s"), (1234.0, "1,234 tok/s")]
)
def test_speeds(value, shown):
    assert speed(value) == shown


@pytest.mark.parametrize(
    ("then", "shown"),
    [
        (datetime(2026, 5, 20, 1), "Today"), (datetime(2026, 5, 19, 23), "Yesterday"),
        (datetime(2026, 5, 16), "This week"), (datetime(2026, 3, 1), "March 2026"),
    ],
)  # fmt: skip
def test_days(then, shown):
    assert day(then, NOW) == shown


def test_moments():
    assert moment(datetime(2026, 5, 20, 9, 12), NOW) == "Today, 09:12"
    assert moment(datetime(2026, 5, 3, 9, 12), NOW) == "3 May 2026"


@pytest.mark.parametrize(("value", "shown"), [(None, ""), (14.2, "≈14 tok/s"), (27_000.0, ">100 tok/s")])
def test_estimates_of_speed_do_not_look_exact(value, shown):
    assert likely_speed(value) == shown


def test_names_are_listed_as_in_a_sentence():
    assert [listed(each) for each in (["A"], ["A", "B"], ["A", "B", "C"])] == [
        "A",
        "A and B",
        "A, B and C",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.01, "first word at once"), (0.31, "first word after 0.3 s")]
)
def test_a_wait_that_nobody_notices_is_none(seconds, said):
    assert first_word(seconds) == said
