from dataclasses import replace

import pytest
from tests.fixtures.cards import card

from octavo.gui.listed_model import Model
from octavo.store.library import ModelEntry


def listed(file_name, *, inside="Trainer Run 7", kind="Q5_0"):
    entry = ModelEntry(path=f"/models/{file_name}.gguf", source="Folder", name=file_name, bytes=1)
    return Model(entry, replace(card(kind=kind), name=inside))


@pytest.mark.parametrize(
    ("file_name", "shown"),
    [
        ("SmolLM2-135M-Instruct-Q5_0", "SmolLM2-135M-Instruct"),
        ("tiny.q5_0", "tiny"),
        ("Large-Q5_0-00001-of-00003", "Large"),
        ("llama3.2:3b", "llama3.2:3b"),
    ],
)
def test_a_model_is_called_as_its_file_without_its_type(file_name, shown):
    assert listed(file_name).name == shown


@pytest.mark.parametrize("file_name", ["model", "ggml-model-q5_0", "sha256-" + 64 * "a", "Q5_0"])
def test_a_file_name_that_tells_nothing_gives_way_to_the_name_inside(file_name):
    assert listed(file_name).name == "Trainer Run 7"


def test_a_model_without_any_telling_name_keeps_that_of_its_file():
    assert listed("model", inside="").name == "model"
