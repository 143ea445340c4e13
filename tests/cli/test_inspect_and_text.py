import io
import json
import sys

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf


@pytest.fixture
def model(tmp_path):
    return write_tiny_gguf(tmp_path / "tiny.gguf")


def test_inspect_tells_the_shape_as_json(octavo, model):
    found = octavo("inspect", model, "--json").json
    assert found["architecture"] == "llama"
    assert found["layers"] == 2
    assert found["context_length"] == 256
    assert found["file_bytes"] == model.stat().st_size
    assert found["tensors"] == sum(found["types"].values())
    assert found["chat_template"] is True
    assert found["problems"] == []
    assert found["parameters"] > 0
    assert found["vocabulary"] > 0


def test_inspect_tells_people_the_same(octavo, model):
    outcome = octavo("inspect", model)
    assert outcome.status == 0
    for words in ("Architecture   llama", "Layers         2, 256 wide", "Context        256 tokens"):
        assert words in outcome.out


def test_inspect_tells_how_much_of_a_mixture_of_experts_a_token_meets(octavo, tmp_path):
    path = write_tiny_gguf(tmp_path / "mixture.gguf", "qwen3moe")
    found = octavo("inspect", path, "--json").json
    assert (found["experts"], found["experts_used"]) == (6, 3)
    assert found["parameters"] - found["active_parameters"] == 2 * 3 * 3 * 256 * 256

    shown = octavo("inspect", path).out
    assert "2.8 M, 1.7 M of them for each token" in shown
    assert "Experts        6 in each layer, 3 used, 256 wide" in shown


def test_tokenize_takes_the_text_of_the_option_or_standard_input(octavo, model, monkeypatch):
    by_option = octavo("tokenize", model, "--text", "hello there", "--json").json["ids"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hello there")))
    assert octavo("tokenize", model).out == " ".join(map(str, by_option)) + "\n"


def test_tokenize_reads_special_tokens_only_when_told(octavo, model):
    plain = octavo("tokenize", model, "--text", "<|im_end|>", "--json").json["ids"]
    special = octavo("tokenize", model, "--text", "<|im_end|>", "--special", "--json").json["ids"]
    assert len(special) == 1
    assert special[0] not in plain


def test_standard_input_that_is_no_text_is_refused(octavo, model, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe")))
    outcome = octavo("tokenize", model)
    assert outcome.status == 1
    assert outcome.err == "octavo: The text on standard input is not UTF-8.\n"


def test_template_is_rendered_to_the_letter(octavo, model, tmp_path):
    messages = tmp_path / "messages.json"
    messages.write_text(json.dumps([{"role": "user", "content": "Hello"}]))
    outcome = octavo("template", model, "--messages", messages)
    assert outcome.out == "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"


def test_template_source_is_the_template(octavo, tmp_path):
    model = write_tiny_gguf(tmp_path / "tiny.gguf", chat_template="{{ messages[0].content }}")
    assert octavo("template", model, "--source").out == "{{ messages[0].content }}"


def test_model_without_template_gets_a_built_in_one_and_that_is_said(octavo, tmp_path):
    model = write_tiny_gguf(tmp_path / "tiny.gguf", chat_template=None)
    outcome = octavo("template", model, "--source")
    assert "built-in" in outcome.err
    assert "messages" in outcome.out


@pytest.mark.parametrize("content", ["{}", "[1]", '[{"role": 1}]', "nonsense"])
def test_messages_that_are_none_are_refused_with_an_example(octavo, model, tmp_path, content):
    (tmp_path / "messages.json").write_text(content)
    outcome = octavo("template", model, "--messages", tmp_path / "messages.json")
    assert outcome.status == 1
    assert '"role": "user"' in outcome.err
    assert outcome.err.count("\n") == 1
