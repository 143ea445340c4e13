"""``octavo compare`` as people and programs see it."""

import io
import sys
from dataclasses import replace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import TINY

SHAPE = replace(TINY, n_feed_forward=256, n_layers=1, context_length=128)
ASK = ("--prompt", "hello world", "--max-tokens", 8)


@pytest.fixture
def models(tmp_path):
    return [write_tiny_gguf(tmp_path / f"{kind}.gguf", shape=SHAPE, dtype=kind) for kind in ("F32", "Q4_0")]


def test_json_tells_both_answers_and_where_they_part(octavo, models):
    found = octavo("compare", *models, *ASK, "--json").json

    first, second = found["models"]
    assert (first["model"], second["model"]) == tuple(map(str, models))
    place = found["first_difference"]["position"]
    assert first["tokens"][:place] == second["tokens"][:place]
    tokens = [each["token"] for each in found["first_difference"]["candidates"]]
    assert tokens == [first["tokens"][place], second["tokens"][place]]
    assert found["same_top_1"] == found["same_top_1_count"] / found["followed_tokens"]
    assert found["mean_kl"] > 0
    assert found["followed_tokens"] == len(first["tokens"])


def test_people_get_two_columns_with_the_first_difference_in_brackets(octavo, models, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    outcome = octavo("compare", *models, *ASK)

    assert outcome.status == 0
    assert "F32.gguf" in outcome.out
    assert outcome.out.count("[[") == outcome.out.count("]]") >= 2
    assert "KL divergence" in outcome.out
    assert max(map(len, outcome.out.partition("----")[2].partition("\n\n")[0].splitlines())) <= 100


def test_a_narrow_terminal_gets_one_answer_below_the_other(octavo, models, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = octavo("compare", *models, *ASK).out.splitlines()

    answers = lines[lines.index("F32.gguf") :]
    assert "Q4_0.gguf" in answers
    assert max(map(len, answers[: answers.index("Q4_0.gguf") + 3])) <= 40


def test_a_model_beside_itself_says_the_same(octavo, models):
    outcome = octavo("compare", models[0], models[0], *ASK)

    assert "Both say the same 8 tokens." in outcome.out
    assert "[[" not in outcome.out
    assert "F32.gguf (1)" in outcome.out


def test_the_prompt_may_come_on_standard_input(octavo, models, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hello world\n")))

    assert octavo("compare", *models, "--max-tokens", 2, "--json").json["prompt"] == "hello world"


def test_a_seed_makes_sampled_answers_comparable(octavo, models):
    found = octavo("compare", models[0], models[0], *ASK, "--temperature", 1, "--seed", 3, "--json").json

    assert found["is_same"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--prompt", " "), 1, "prompt is empty"),
        (("--prompt", "a", "--max-tokens", "0"), 2, "max-tokens"),
        (("--prompt", "a", "--max-tokens", "2000"), 2, "max-tokens"),
        (("--prompt", "hello world " * 99), 1, "context"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_line(octavo, models, arguments, status, said):
    outcome = octavo("compare", *models, *arguments)

    assert (outcome.status, outcome.out) == (status, "")
    assert said in outcome.err


def test_a_missing_model_is_named(octavo, models):
    outcome = octavo("compare", models[0], "missing.gguf", *ASK)

    assert outcome.status == 1
    assert "missing.gguf" in outcome.err
