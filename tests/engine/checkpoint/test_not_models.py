"""Parts of models, and what else people try: a sentence, and where to go from there."""

import json

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.not_models import check_kind
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import UnreadableModel, UnsupportedModel


@pytest.fixture
def folder(tmp_path):
    return write_tiny_hf_folder(tmp_path / "model")


def make_adapter(folder, *, base="someone/base"):
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}))


@pytest.mark.parametrize("has_config", [True, False])
def test_an_adapter_is_named_with_its_base_model(folder, has_config):
    make_adapter(folder)
    if not has_config:
        (folder / "config.json").unlink()

    for path in (folder, folder / "adapter_model.safetensors"):
        with pytest.raises(UnsupportedModel, match="this is an adapter") as refusal:
            open_checkpoint(path)
        assert "Merge it into someone/base first" in refusal.value.hint


def test_an_adapter_that_does_not_name_its_base_is_told_as_well(folder):
    make_adapter(folder, base=None)

    with pytest.raises(UnsupportedModel) as refusal:
        open_checkpoint(folder)
    assert "Merge it into its base model first" in refusal.value.hint


def test_a_whole_model_with_an_adapter_beside_it_is_opened(folder):
    (folder / "adapter_config.json").write_text("{}")

    open_checkpoint(folder).close()


def test_weights_alone_are_told_what_they_lack(folder):
    (folder / "config.json").unlink()

    for path in (folder, folder / "model.safetensors"):
        with pytest.raises(UnreadableModel, match=r"no config\.json") as refusal:
            open_checkpoint(path)
        assert "It holds weights alone" in refusal.value.hint


def test_a_folder_of_gguf_files_points_to_them(tmp_path):
    write_tiny_gguf(tmp_path / "m.gguf")

    with pytest.raises(UnreadableModel) as refusal:
        open_checkpoint(tmp_path)
    assert refusal.value.hint == "Open the .gguf file in it."


def test_a_maker_of_pictures_is_told_apart(tmp_path):
    (tmp_path / "model_index.json").write_text("{}")

    with pytest.raises(UnsupportedModel, match="makes pictures"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("general.type", "adapter", "an adapter"),
        ("general.type", "mmproj", "sees pictures"),
        ("general.type", "imatrix", "an importance matrix"),
        ("general.architecture", "clip", "sees pictures"),
    ],
)
def test_a_gguf_file_that_is_no_model_says_so(key, value, said, tmp_path):
    with pytest.raises(UnsupportedModel, match=said) as refusal:
        check_kind(tmp_path / "x.gguf", {key: Field("string", value)})
    assert refusal.value.hint


@pytest.mark.parametrize("has_index", [True, False])
def test_a_download_that_is_not_whole_says_so(folder, has_index):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    if has_index:
        names = {each: f"model-0000{each}-of-00002.safetensors" for each in "12"}
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))

    with pytest.raises(UnreadableModel) as refusal:
        open_checkpoint(folder)
    assert refusal.value.hint == "Finish the download."
