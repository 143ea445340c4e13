"""The demo model, from the first look to the last answer, on the command line."""

import contextlib
import json

import pytest
from tests.journeys.demo_answers import ANSWERS

from octavo.cli.main import run_command
from octavo.engine.progress import finish
from octavo.engine.stop import Stop
from octavo.store.library import demo_model
from octavo.worker.loaded_model import load_model
from octavo.worker.protocol import Load

GREEDY = {"temperature": 0.0}


@pytest.fixture
def octavo(capsys):
    def run(*arguments):
        assert run_command([str(each) for each in (*arguments, "--json")]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def answers_of(path):
    """What the model at ``path`` says to each question, each in a conversation of its own."""
    with contextlib.closing(finish(load_model(Load(path=str(path), context_tokens=512)))) as model:
        for question, _ in ANSWERS:
            ids = model.prompt_ids([{"role": "user", "content": question}])
            yield question, finish(model.reply(ids, GREEDY, 0, Stop())).text


@pytest.mark.parametrize("quantizer", ["Q4_K_M", "Q8_0"])
def test_demo_is_looked_at_priced_made_smaller_and_answers_as_before(octavo, tmp_path, quantizer):
    found = octavo("inspect", "demo")
    assert found["architecture"] == "llama"
    assert found["problems"] == []

    rows = {row["quantizer"]: row for row in octavo("fit", "demo", "--no-probe")["rows"]}
    assert rows[quantizer]["verdict"] == "runs well"

    target = tmp_path / "demo.gguf"
    report = octavo("convert", "demo", "--to", quantizer, "-o", target)
    assert report["file_bytes"] == rows[quantizer]["file_bytes"] == target.stat().st_size
    assert report["verified"] is True

    again = octavo("inspect", target)
    assert again["parameters"] == found["parameters"]
    assert again["chat_template"] is True

    assert tuple(answers_of(target)) == ANSWERS


def test_demo_itself_answers_as_it_was_trained():
    assert tuple(answers_of(demo_model())) == ANSWERS


def test_chat_on_the_command_line_answers_and_tells_its_figures(octavo):
    question, expected = ANSWERS[0]
    found = octavo("chat", "demo", "--prompt", question, "--temperature", 0)
    assert found["text"] == expected
    assert found["finish"] == "stop"
    assert octavo("tokenize", "demo", "--text", expected)["ids"] == found["tokens"][:-1]
    assert found["prompt_tokens"] > 0
    assert found["tokens_per_second"] > 0
    assert found["prefill_tokens_per_second"] > 0
    assert 0 < found["first_token_seconds"] < 60
    assert found["predicted_bytes"] > 0
    assert found["measured_rss_bytes"] > 0


def test_same_seed_gives_the_same_answer_and_another_seed_another(octavo):
    def answer(seed):
        options = ("--temperature", 2, "--top-k", 0, "--top-p", 1, "--min-p", 0, "--max-tokens", 20)
        return octavo("chat", "demo", "--prompt", "Tell me", "--seed", seed, *options)["tokens"]

    assert answer(1) == answer(1)
    assert answer(1) != answer(2)


def test_answer_is_cut_at_the_longest_length(octavo):
    found = octavo(
        "chat", "demo", "--prompt", "Once upon a time", "--raw", "--max-tokens", 5, "--temperature", 0
    )
    assert len(found["tokens"]) == 5
    assert found["finish"] == "length"


def test_logits_of_a_text_predict_its_next_tokens(octavo, tmp_path):
    import numpy as np

    conversation = (
        f"<|im_start|>user\n{ANSWERS[0][0]}<|im_end|>\n<|im_start|>assistant\n{ANSWERS[0][1]}<|im_end|>"
    )
    ids = octavo("tokenize", "demo", "--special", "--text", f"<|endoftext|>{conversation}")["ids"]
    (tmp_path / "ids.txt").write_text(" ".join(map(str, ids)))
    report = octavo("logits", "demo", "--ids", tmp_path / "ids.txt", "-o", tmp_path / "out.npy")
    logits = np.load(tmp_path / "out.npy")
    assert logits.dtype == np.float32
    assert logits.shape == (len(ids), report["vocabulary"]) == (len(ids), 1024)
    n_answer = len(octavo("tokenize", "demo", "--text", ANSWERS[0][1])["ids"]) + 1
    assert logits[-n_answer - 1 : -1].argmax(axis=1).tolist() == ids[-n_answer:]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ids.txt", "out.npy"]


def test_bench_measures_both_speeds(octavo):
    found = octavo("bench", "demo", "--prompt-tokens", 32, "--generate-tokens", 8, "--repeat", 2)
    assert found["prefill_tokens_per_second"] > 0
    assert found["decode_tokens_per_second"] > 0
    assert found["load_seconds"] > 0
    assert found["threads"] >= 1
    assert found["tier"]
    assert found["peak_rss_bytes"] > 0
