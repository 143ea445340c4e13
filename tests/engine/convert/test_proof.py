import contextlib
import os

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert import proof
from octavo.engine.convert.convert import convert
from octavo.engine.convert.proof import Said, prove, source_says
from octavo.engine.errors import NotEnoughMemory, OctavoError, UnsupportedModel
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf"))) as checkpoint:
        yield checkpoint


def test_a_copy_says_what_its_source_says(source):
    said = finish(source_says(source))
    found = finish(prove(source, said, source.path))

    assert len(said.ids) == 20
    assert found.tokens_source == found.tokens_result == said.ids
    assert found.text_source == found.text_result == said.text
    assert (found.first_difference, found.template, found.skipped) == (None, "same", "")
    assert found.tensors == found.source_tensors == len(source.tensors)


def test_the_first_token_that_differs_is_found(source):
    said = finish(source_says(source))
    other = Said([*said.ids[:7], said.ids[7] + 1, *said.ids[8:]], "x")

    assert finish(prove(source, other, source.path)).first_difference == 7


def test_another_template_is_noticed(source, tmp_path):
    other = write_tiny_gguf(tmp_path / "other.gguf", without=("tokenizer.chat_template",))

    found = finish(prove(source, Said([1] * 20, "x"), other))

    assert found.template == "different"


def test_without_templates_words_are_compared_all_the_same(tmp_path):
    path = write_tiny_gguf(tmp_path / "bare.gguf", without=("tokenizer.chat_template",))
    with contextlib.closing(open_checkpoint(path)) as source:
        found = finish(prove(source, finish(source_says(source)), path))

    assert (found.template, found.first_difference, len(found.tokens_result)) == ("none", None, 20)


def test_a_source_that_changes_while_it_is_asked_gives_no_result(source, tmp_path):
    work = convert(source, PluginHost().quantizer("Q8_0"), None, tmp_path / "new.gguf", proves=True)
    while not next(work).label.startswith("comparing"):
        pass
    os.utime(source.path, ns=(1, 1))

    with pytest.raises(OctavoError, match="was changed while it was converted"):
        finish(work)

    assert sorted(each.name for each in tmp_path.iterdir()) == ["model.gguf"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            NotEnoughMemory("The model needs 9 GB."),
            "too little memory to ask the source: The model needs 9 GB.",
        ),
        (UnsupportedModel("No kernels."), "The source cannot be asked: No kernels."),
    ],
)
def test_what_cannot_be_asked_is_skipped_with_the_reason(source, monkeypatch, error, words):
    def refuse(*_, **__):
        raise error
        yield

    monkeypatch.setattr("octavo.engine.inference.session.load_session", refuse)
    said = finish(source_says(source))
    found = finish(prove(source, said, source.path))

    assert words in found.skipped
    assert (found.tokens_source, found.tokens_result, found.first_difference) == ([], [], None)
    assert found.template == "same"


def test_the_source_is_asked_once_for_several_results(source, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("octavo.engine.convert.convert.source_says", lambda *_: _noted(asked))
    report = finish(convert(source, PluginHost().quantizer("Q8_0"), None, tmp_path / "new.gguf", proves=True))

    assert asked == [1]
    assert report.proof.skipped == "Not asked."
    assert report.proof.tensors == len(source.tensors)


def _noted(asked):
    asked.append(1)
    yield from ()
    return Said(problem="Not asked.")


def test_a_prompt_longer_than_the_context_is_no_failure(source, monkeypatch):
    monkeypatch.setattr(proof, "_CONTEXT_TOKENS", 4)

    assert finish(source_says(source)).problem == "The source has no prompt of a usual length."


def test_a_model_that_chats_is_asked_through_its_template(source, tmp_path):
    path = write_tiny_gguf(tmp_path / "bare.gguf", without=("tokenizer.chat_template",))
    with contextlib.closing(open_checkpoint(path)) as bare:
        assert finish(source_says(source)).ids != finish(source_says(bare)).ids


def test_the_words_need_their_room_behind_the_prompt(source, monkeypatch):
    prompt = len(proof._prompt(source))
    monkeypatch.setattr(proof, "_CONTEXT_TOKENS", prompt + 19)
    assert finish(source_says(source)).problem

    monkeypatch.setattr(proof, "_CONTEXT_TOKENS", prompt + 20)
    assert len(finish(source_says(source)).ids) == 20
