"""A comparison in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from octavo.engine.measure.agreement import following_sentence, parting_sentence, share
from octavo.engine.measure.comparison import Answer, Candidate, Comparison, FollowedToken, Following, Parting

ANSWER = Answer("/m/a", "A", "F16", 10, 20, "It rains", [1, 2, 3], "stop", 2, 6, 9, 0.1, 0.1, 50.0, 10.0)
PARTING = Parting(1, Candidate(2, " rains", False, 0.6, 0.25), Candidate(9, "<end>", True, 0.0004, 0.75))
FOLLOWED = [FollowedToken(2, 0.9, 0.8, "", 0.01), FollowedToken(8, 0.6, 0.25, "<end>", 0.03)]
FOUND = Comparison(
    "Rain?",
    ANSWER,
    replace(ANSWER, type_name="Q4_K_M", text="It", tokens=[1, 9], marked_characters=0),
    True,
    PARTING,
    Following(1, 0.02, FOLLOWED),
    True,
)


def test_both_candidates_are_told_with_both_probabilities():
    assert parting_sentence(FOUND) == (
        'The first token is the same. Then F16 says "rains" (60 %; Q4_K_M gives it 25 %), and '
        "Q4_K_M ends (75 %; F16 gives it under 0.1 %)."
    )


def test_models_of_one_type_are_the_first_and_the_second():
    found = replace(
        FOUND, second=replace(FOUND.second, type_name="F16"), parting=replace(PARTING, position=0)
    )
    assert parting_sentence(found).startswith('They differ from the first token on: the first says "rains"')


def test_tokens_that_differ_in_a_blank_are_told_with_it():
    other = replace(PARTING.second, text="rains", ends=False)
    said = parting_sentence(replace(FOUND, parting=replace(PARTING, second=other)))
    assert 'says " rains"' in said
    assert 'says "rains"' in said


def test_the_following_is_told_as_a_share():
    assert following_sentence(FOUND) == (
        "Led along the answer of F16, Q4_K_M holds the same token for the likeliest at 1 of 2 places (50 %); "
        "mean KL divergence 0.0200."
    )


def test_same_answers_are_called_the_same():
    assert parting_sentence(replace(FOUND, second=ANSWER, parting=None)) == "Both say the same 3 tokens."


def test_texts_of_other_tokens_part_by_characters():
    apart = replace(FOUND, same_tokens=False, parting=None, following=None)
    assert parting_sentence(apart) == "The answers part after 2 characters."
    assert following_sentence(apart) == ""


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "0 %"),
        (0.0004, "under 0.1 %"),
        (0.043, "4.3 %"),
        (0.62, "62 %"),
        (0.9962, "99.6 %"),
        (0.99995, "over 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_never_a_false_none_or_all(probability, said):
    assert share(probability) == said
