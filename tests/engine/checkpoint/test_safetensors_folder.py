from __future__ import annotations

import json
import os

import numpy as np
import pytest
from tests.fixtures.biases import write_biases
from tests.fixtures.checkpoints import gguf_weights, write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.safetensors_files import write_safetensors
from tests.fixtures.tiny_models import FAMILIES, tiny_weights

from octavo.engine.checkpoint.gguf_bytes import encode_header
from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.checkpoint.outgoing import outgoing_fields
from octavo.engine.checkpoint.safetensors_folder import SafetensorsFolder


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_shows_the_tensors_of_the_same_model_as_gguf(tmp_path, family, tied):
    folder = SafetensorsFolder(
        write_tiny_hf_folder(tmp_path / "hf", family, dtype="F32", tied=tied, shards=3)
    )
    expected = gguf_weights(tiny_weights(family, tied=tied), family)

    assert {info.name for info in folder.tensors} == set(expected)
    for name, weights in expected.items():
        assert np.array_equal(folder.read(name).view("<f4").reshape(weights.shape), weights), name


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_says_the_same_as_gguf(tmp_path, family):
    folder = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "tiny", family, dtype="F16"))
    file = GgufCheckpoint(write_tiny_gguf(tmp_path / "m.gguf", family, dtype="F16"))

    # The converter leaves out head sizes of qwen2.
    said = {key: field for key, field in file.fields.items() if family != "qwen2" or "_length" not in key}
    assert {key: folder.fields.get(key) for key in said} == said
    assert folder.hyperparameters == file.hyperparameters
    assert folder.card.type_name == "F16"
    assert folder.card.container == "safetensors"


@pytest.mark.parametrize("family", FAMILIES)
def test_both_dialects_of_the_configuration_mean_the_same(tmp_path, family):
    new = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "a" / "m", family, dialect="v5"))
    old = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "b" / "m", family, dialect="v4"))

    assert old.fields == new.fields
    assert old.hyperparameters == new.hyperparameters


def test_biases_of_reordered_matrices_are_reordered_with_them(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf", dtype="F32")
    biases = write_biases(folder)
    opened = SafetensorsFolder(folder)

    for name, numbers in gguf_weights(biases, "llama").items():
        assert np.array_equal(opened.read(name).view("<f4")[0], numbers), name
        assert opened.read(name, 0, 0).shape == (0, 4 * len(numbers))


def test_any_rows_of_reordered_tensors_can_be_read(tmp_path):
    folder = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "hf"))
    whole = folder.read("blk.0.attn_q.weight")

    for first, count in ((0, 1), (63, 2), (5, 200), (255, 1), (7, 0)):
        assert np.array_equal(folder.read("blk.0.attn_q.weight", first, count), whole[first : first + count])
    with pytest.raises(ValueError, match="has no rows"):
        folder.read("blk.0.attn_q.weight", 200, 57)


def test_matrices_keep_their_type_and_norms_become_f32(tmp_path):
    folder = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "hf", "qwen3", dtype="BF16"))

    kinds = {info.name.split(".")[-2]: info.block_type.name for info in folder.tensors}
    assert kinds["attn_q"] == kinds["token_embd"] == "BF16"
    assert kinds["attn_q_norm"] == kinds["output_norm"] == "F32"


def test_llama3_positions_become_a_tensor(tmp_path):
    rope = {
        "rope_type": "llama3",
        "rope_theta": 5e5,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 512,
    }
    folder = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "hf", config={"rope_parameters": rope}))
    factors = folder.read("rope_freqs.weight").view("<f4")[0]

    # transformers' modeling_rope_utils.py, in float64.
    wave = 2 * np.pi * 5e5 ** (np.arange(0, 64, 2) / 64)
    smooth = (512 / wave - 1) / 3
    expected = np.where(wave < 128, 1, np.where(wave > 512, 8, 1 / ((1 - smooth) / 8 + smooth)))
    assert folder.tensors[0].name == "rope_freqs.weight"
    assert np.allclose(factors, expected, rtol=1e-5)
    assert folder.card.problems == []


def test_positions_that_are_scaled_beyond_the_context_alone_are_not_scaled(tmp_path):
    plain = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "plain"))
    scaling = {"rope_scaling": {"type": "dynamic", "factor": 4.0}}
    dynamic = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "dynamic", config=scaling))

    assert dynamic.hyperparameters == plain.hyperparameters


def test_scaled_positions_become_fields(tmp_path):
    rope = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 16}
    config = {"rope_parameters": None, "rope_scaling": rope, "rope_theta": 2e4}
    fields = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "hf", "qwen2", config=config)).fields

    said = {key.removeprefix("qwen2.rope."): field.value for key, field in fields.items() if ".rope." in key}
    assert said == {
        "scaling.type": "yarn",
        "scaling.factor": 4.0,
        "scaling.original_context_length": 64,
        "scaling.yarn_beta_fast": 16.0,
        "freq_base": 2e4,
    }


def test_a_language_model_inside_a_multimodal_one_is_found(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf", "gemma3")
    config = json.loads((folder / "config.json").read_text())
    nested = {"model_type": "gemma3", "text_config": config, "vision_config": {}}
    (folder / "config.json").write_text(json.dumps(nested))
    weights = {f"language_model.{name}": each for name, each in tiny_weights("gemma3").items()}
    weights["vision_tower.patch.weight"] = np.zeros((2, 2), np.float32)
    write_safetensors(folder / "model.safetensors", weights)

    model = SafetensorsFolder(folder)
    assert model.hyperparameters.architecture == "gemma3"
    assert model.card.problems == []


def test_the_llama_inside_a_smolvlm_is_found(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf")
    config = json.loads((folder / "config.json").read_text())
    nested = {"model_type": "smolvlm", "text_config": config, "vision_config": {}}
    (folder / "config.json").write_text(json.dumps(nested))
    weights = {name.replace("model.", "model.text_model.", 1): each for name, each in tiny_weights().items()}
    seeing = ("model.vision_model.post_layernorm.weight", "model.connector.modality_projection.proj.weight")
    write_safetensors(
        folder / "model.safetensors", weights | {name: np.zeros((2, 2), "f4") for name in seeing}
    )

    model = SafetensorsFolder(folder)
    assert model.hyperparameters.architecture == "llama"
    assert model.card.problems == []
    assert model.leaves_out


def test_a_model_saved_without_its_head_opens(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf")
    whole = list(SafetensorsFolder(folder).tensors)
    weights = {name.removeprefix("model."): each for name, each in tiny_weights("llama").items()}
    write_safetensors(folder / "model.safetensors", weights)

    bare = list(SafetensorsFolder(folder).tensors)

    assert {each.name: each.shape for each in bare} == {each.name: each.shape for each in whole}


@pytest.mark.parametrize(
    "card",
    [
        "",
        "---",
        "no front matter",
        "---\ntags:\n---\n",
        "---\nmodel_name: [a]\nlicense: |\n  x\n---\n",
        "---\n- x\n---",
    ],
)
def test_an_odd_model_card_does_no_harm(tmp_path, card):
    folder = write_tiny_hf_folder(tmp_path / "hf")
    (folder / "README.md").write_text(card)
    model = SafetensorsFolder(folder)

    assert model.card.metadata_bytes == len(encode_header(outgoing_fields(model.fields, 0), model.tensors))


def test_a_snapshot_in_the_cache_keeps_its_name_and_may_link_to_its_blobs(tmp_path):
    home = tmp_path / "models--maker--Small-Llama"
    snapshot = write_tiny_hf_folder(home / "snapshots" / "0123abc", shards=2)
    (home / "blobs").mkdir()
    for number, path in enumerate(snapshot.glob("*.safetensors")):
        path.rename(home / "blobs" / str(number))
        path.symlink_to(home / "blobs" / str(number))

    assert SafetensorsFolder(snapshot).card.name == "Small Llama"


def test_the_model_card_gives_licence_and_languages(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf")
    card = "---\nlicense: apache-2.0\nlanguage:\n- en\n- de\ntags: [chat, small]\nmodel-index:\n- name: x\n---\n# Hi\n"
    (folder / "README.md").write_text(card)
    model = SafetensorsFolder(folder)
    fields = model.fields

    assert model.card.metadata_bytes == len(encode_header(outgoing_fields(fields, 0), model.tensors))
    assert fields["general.license"].value == "apache-2.0"
    assert fields["general.languages"].value == ["en", "de"]
    assert fields["general.tags"].value == ["chat", "small"]


def test_a_folder_with_a_strange_name_opens(tmp_path):
    model = SafetensorsFolder(write_tiny_hf_folder(tmp_path / os.fsdecode(b"caf\xe9 \x1b")))

    assert model.card.name.encode()


def test_a_change_of_any_weight_file_is_noticed(tmp_path):
    folder = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "hf", shards=2))
    assert folder.unchanged()
    assert len(folder.files()) == 2

    folder.files()[1].write_bytes(b"")
    assert not folder.unchanged()
    folder.close()
