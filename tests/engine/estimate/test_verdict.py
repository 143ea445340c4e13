import pytest

from octavo.engine.estimate.verdict import readable_bytes, readable_tokens, told_apart, verdict


@pytest.mark.parametrize(
    ("needed", "name"),
    [(75, "runs well"), (76, "tight"), (90, "tight"), (91, "too large")],
)
def test_the_share_of_free_memory_decides(needed, name):
    assert verdict(needed, 100).name == name


def test_too_large_says_the_figures_and_the_ways_out():
    found = verdict(9_100_000_000, 6_400_000_000, ["a context of 8k (6.1 GB)", "Q4_K_M (5.2 GB)"])

    assert found.sentence == "Needs 9.1 GB, 6.4 GB free: use a context of 8k (6.1 GB) or Q4_K_M (5.2 GB)."


def test_what_other_programs_hold_is_said_where_it_is_in_the_way():
    assert verdict(9, 100, held_bytes=50).sentence == "Needs 9 bytes, 100 bytes free."
    assert verdict(80, 100, ["a context of 2k (60 bytes)"], 50).sentence == (
        "Needs 80 bytes, 100 bytes free: close other programs, which hold 50 bytes, or use a context of 2k (60 bytes)."
    )
    assert verdict(95, 100, ["a context of 2k (60 bytes)"], 50).sentence == (
        "Needs 95 bytes, 100 bytes free: use a context of 2k (60 bytes). Other programs hold 50 bytes."
    )


def test_closing_programs_is_not_advised_where_it_would_not_help():
    assert "close other programs" in verdict(120, 100, held_bytes=50).sentence
    assert verdict(140, 100, held_bytes=50).sentence == (
        "Needs 140 bytes, 100 bytes free: more than this computer has. Choose a smaller model."
    )


def test_what_is_tight_even_on_an_idle_computer_is_not_helped_by_closing_programs():
    assert verdict(85, 100, ["a context of 2k (60 bytes)"], 5).sentence == (
        "Needs 85 bytes, 100 bytes free: it fits, with little room to breathe. "
        "For more, use a context of 2k (60 bytes)."
    )
    assert verdict(85, 100, held_bytes=5).sentence.endswith("For more, choose a smaller model.")


def test_without_a_way_out_there_is_still_a_next_step():
    assert "smaller model" in verdict(9, 1).sentence


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (5_400, "5.4 kB"),
        (99_940_000, "99.9 MB"),
        (99_960_000, "100 MB"),
        (611_000_000, "611 MB"),
        (999_600_000, "1.0 GB"),
        (9_100_000_000, "9.1 GB"),
        (21_040_000_000, "21.0 GB"),
        (144_200_000_000, "144 GB"),
        (1.5e12, "1.5 TB"),
    ],
)
def test_bytes_are_readable(n_bytes, text):
    assert readable_bytes(n_bytes) == text


@pytest.mark.parametrize(("n_tokens", "text"), [(512, "512"), (8192, "8k"), (5000, "5,000")])
def test_contexts_are_named_as_people_do(n_tokens, text):
    assert readable_tokens(n_tokens) == text


@pytest.mark.parametrize(
    ("needed", "free", "told"),
    [
        (2_000_000_000, 1_000_000_000, ("2.0 GB", "1.0 GB")),
        (1_680_000, 1_660_000, ("1.68 MB", "1.66 MB")),
        (611_400_000, 611_100_000, ("611.4 MB", "611.1 MB")),
        (1_700_001, 1_700_000, ("1,700,001 bytes", "1,700,000 bytes")),
        (9_100_000_000, 9_100_000_000, ("9.1 GB", "9.1 GB")),
        (1200, 1201, ("1,200 bytes", "1,201 bytes")),
        (12, 12, ("12 bytes", "12 bytes")),
    ],
)
def test_two_sizes_are_told_with_as_many_figures_as_tell_them_apart(needed, free, told):
    assert told_apart(needed, free) == told


def test_a_verdict_never_says_that_as_much_is_free_as_is_needed():
    assert verdict(9_120_000_000, 9_080_000_000).sentence.startswith("Needs 9.12 GB, 9.08 GB free")
