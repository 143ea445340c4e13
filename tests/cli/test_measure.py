"""``octavo measure`` as people and programs see it."""

from dataclasses import replace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import TINY

SHAPE = replace(TINY, n_feed_forward=256, context_length=32)


@pytest.fixture
def model(tmp_path):
    return write_tiny_gguf(tmp_path / "tiny.gguf", shape=SHAPE)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("hello world, 34 small tokens and the model; " * 12)
    return path


def test_a_quantizer_is_measured_before_it_writes(octavo, model, text, tmp_path):
    found = octavo("measure", model, "--as", "q8_0", "--text", text, "--tokens", 96, "--json").json
    for key in ("perplexity", "reference_perplexity", "perplexity_ratio", "mean_kl", "same_top_1", "kl_p99"):
        low, high = found[f"{key}_ci95"]
        assert low <= found[key] <= high
    assert (found["as"], found["reference"], found["tokens"]) == ("Q8_0", str(model), 96)
    assert found["file_bytes"] < model.stat().st_size
    assert sorted(each.name for each in tmp_path.iterdir()) == ["text.txt", "tiny.gguf"]


def test_a_file_is_measured_against_another(octavo, model, text, tmp_path):
    quick = ("--set", "mode=quick")
    assert octavo("convert", model, "--to", "Q4_K_M", "-o", tmp_path / "q4.gguf", *quick).status == 0
    arguments = ("--text", text, "--tokens", 96, "--json")
    of_file = octavo("measure", tmp_path / "q4.gguf", "--reference", model, *arguments).json
    before = octavo("measure", model, "--as", "Q4_K_M", *quick, *arguments).json
    assert (before["effort"], of_file["effort"]) == ("quick", None)
    assert of_file["mean_kl"] == before["mean_kl"]
    assert of_file["file_bytes"] == before["file_bytes"] == (tmp_path / "q4.gguf").stat().st_size


def test_people_get_a_table_and_a_sentence(octavo, model, text):
    found = octavo("measure", model, "--as", "Q8_0", "--text", text).out
    assert "95 % INTERVAL" in found
    assert "It would go on with the same token as the reference in" in found
    assert "tokens of text.txt in" in found


def test_without_a_reference_the_perplexity_stands_alone(octavo, model, text):
    found = octavo("measure", model, "--text", text, "--json").json
    assert found["perplexity"] > 1
    assert found["reference_perplexity"] is found["mean_kl"] is found["mean_kl_ci95"] is None
    assert "hesitates as if between" in octavo("measure", model, "--text", text).out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--as", "Q9"), 1, "Q9"),
        (("--text", "missing.txt"), 1, "There is no text file missing.txt."),
        (("--reference", "missing.gguf"), 1, "missing.gguf"),
        (("--set", "a=b"), 2, "--set needs --as"),
        (("--as", "Q8_0", "--set", "a"), 2, "OPTION=VALUE"),
        (("--as", "Q8_0", "--set", "nothing=1"), 1, "has no option"),
        (("--tokens", "-1"), 2, "tokens"),
        (("--tokens", "10"), 1, "too few"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_line(octavo, model, arguments, status, said):
    outcome = octavo("measure", model, *arguments)
    assert outcome.status == status
    assert said in outcome.err
    assert outcome.out == ""
