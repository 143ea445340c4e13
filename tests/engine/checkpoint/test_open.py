from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

import octavo_resources
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import UnreadableModel


def test_files_and_folders_are_told_apart(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf")

    assert open_checkpoint(write_tiny_gguf(tmp_path / "m.gguf")).container == "gguf"
    assert open_checkpoint(str(folder)).container == "safetensors"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_inside_a_folder_opens_the_folder(tmp_path, name):
    folder = write_tiny_hf_folder(tmp_path / "hf")

    assert open_checkpoint(folder / name).path == folder


def test_a_gguf_file_needs_no_extension(tmp_path):
    assert open_checkpoint(write_tiny_gguf(tmp_path / "model")).container == "gguf"


def test_the_demo_model_opens():
    card = open_checkpoint(Path(next(iter(octavo_resources.__path__))) / "demo").card

    assert (card.type_name, card.tokenizer, card.has_chat_template) == ("F16", "gpt2", True)
    assert card.n_parameters == 2_623_744
    assert card.problems == []


def test_a_pipe_does_not_wait_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "m.gguf")

    with pytest.raises(UnreadableModel, match="not a regular file"):
        open_checkpoint(tmp_path / "m.gguf")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("m.gguf", b"this is a text, not a model\n" * 99, "no GGUF file"),
        ("m.gguf", b"", "is empty"),
        ("m.gguf", b"GGUF\3", "cut short"),
        ("m.bin", b"\x80\x02}q", "a pickle"),
        ("m.safetensors", b"\2\0\0\0\0\0\0\0{}", r"no config\.json"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UnreadableModel, match=reason):
        open_checkpoint(tmp_path / name)


@pytest.mark.parametrize("name", ["none.gguf", "none", "bad\0name", "x" * 300])
def test_what_is_not_there_is_told(tmp_path, name):
    with pytest.raises(UnreadableModel) as refusal:
        open_checkpoint(tmp_path / name)
    assert refusal.value.message.isprintable()


def test_a_name_that_no_file_can_have_is_told(tmp_path):
    for path in (tmp_path / f"{'x' * 300}.gguf", tmp_path / ("y" * 300)):
        with pytest.raises(UnreadableModel, match="there is no such file: its name is too long"):
            open_checkpoint(path)


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(UnreadableModel, match=r"no config\.json"):
        open_checkpoint(tmp_path)
