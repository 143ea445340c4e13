"""Experts that lie apart in a folder are one tensor, read in slabs of rows."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from tests.fixtures.checkpoints import gguf_weights, write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.experts import N_EXPERTS, N_USED, WIDTH, WITH_EXPERTS, fused_experts
from tests.fixtures.safetensors_files import write_safetensors
from tests.fixtures.tiny_models import tiny_weights

from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.checkpoint.safetensors_folder import SafetensorsFolder
from octavo.engine.errors import UnreadableModel, UnsupportedModel

UP = "blk.1.ffn_up_exps.weight"


def opened(folder, family="mixtral", change=None, **options):
    path = write_tiny_hf_folder(folder / "hf", family, dtype="F32", **options)
    if change is not None:
        weights = tiny_weights(family)
        write_safetensors(path / "model.safetensors", change(weights) or weights, "F32")
    return SafetensorsFolder(path)


@pytest.mark.parametrize("family", WITH_EXPERTS)
def test_experts_in_one_tensor_read_as_experts_apart(tmp_path, family):
    folder = opened(tmp_path, family, lambda weights: fused_experts(weights, family))

    for name, weights in gguf_weights(tiny_weights(family), family).items():
        assert folder.tensor(name).shape == weights.shape
        assert np.array_equal(folder.read(name).view("<f4").reshape(weights.shape), weights), name


@pytest.mark.parametrize("family", WITH_EXPERTS)
def test_the_numbers_of_experts_are_read(tmp_path, family):
    model = opened(tmp_path, family).hyperparameters

    assert (model.n_experts, model.n_experts_used) == (N_EXPERTS[family], N_USED[family])
    assert (model.n_expert_feed_forward, model.normalizes_experts) == (WIDTH, True)


def test_probabilities_may_be_left_as_they_are(tmp_path):
    folder = opened(tmp_path, "qwen3moe", config={"norm_topk_prob": False})

    assert not folder.hyperparameters.normalizes_experts
    assert folder.fields["qwen3moe.expert_weights_norm"].value is False


def test_any_rows_across_experts_can_be_read(tmp_path):
    folder = opened(tmp_path)
    whole = folder.read(UP)

    for first, count in ((0, 1), (WIDTH - 1, 2), (5, 3 * WIDTH), (8 * WIDTH - 1, 1), (7, 0)):
        assert np.array_equal(folder.read(UP, first, count), whole[first : first + count])


def test_a_slab_of_experts_takes_no_more_than_its_rows(tmp_path):
    folder = opened(tmp_path)
    tracemalloc.start()
    n_bytes = folder.read(UP, WIDTH // 2, WIDTH).nbytes
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 3 * n_bytes


def test_the_router_is_kept_in_float32(tmp_path):
    folder = SafetensorsFolder(write_tiny_hf_folder(tmp_path / "hf", "mixtral", dtype="BF16"))

    assert folder.tensor("blk.0.ffn_gate_inp.weight").block_type.name == "F32"
    assert folder.tensor("blk.0.ffn_up_exps.weight").block_type.name == "BF16"


def test_the_size_is_told_per_expert(tmp_path):
    assert opened(tmp_path).fields["general.size_label"].value.startswith("8x")


def drop(name):
    return lambda weights: {key: values for key, values in weights.items() if key != name}


def widen(name):
    def change(weights):
        weights[name] = np.concatenate([weights[name]] * 2)

    return change


def add_fused(weights):
    name = "model.layers.0.block_sparse_moe.experts.down_proj"
    weights[name] = np.zeros((8, 256, WIDTH), np.float32)


EXPERT = "model.layers.0.block_sparse_moe.experts.3."
SPOILT = {
    "an expert missing": (drop(EXPERT + "w1.weight"), "experts of the tensor blk.0.ffn_gate_exps.weight"),
    "the last expert missing": (
        drop("model.layers.0.block_sparse_moe.experts.7.w2.weight"),
        "the tensor blk.0.ffn_down_exps.weight is 7 x 256 x 256",
    ),
    "an expert of another shape": (widen(EXPERT + "w3.weight"), "differ in shape or type"),
    "an expert twice": (add_fused, "there twice"),
    "no router": (drop("model.layers.1.block_sparse_moe.gate.weight"), "ffn_gate_inp.weight is missing"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_spoilt_experts_are_refused(tmp_path, case):
    change, message = SPOILT[case]
    with pytest.raises(UnreadableModel, match=message):
        opened(tmp_path, "mixtral", change)


@pytest.mark.parametrize("config", [{"mlp_only_layers": [1]}, {"decoder_sparse_step": 2}], ids=str)
def test_experts_in_some_layers_alone_are_not_supported(tmp_path, config):
    with pytest.raises(UnsupportedModel, match="experts in some layers alone"):
        opened(tmp_path, "qwen3moe", config=config)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"qwen3moe.expert_used_count": 7}, "expert_used_count is no integer from 1 to 6"),
        ({"qwen3moe.expert_count": 0}, "expert_count is no integer from 1"),
        ({"qwen3moe.expert_weights_norm": 1}, "is no truth value"),
    ],
    ids=str,
)
def test_impossible_numbers_of_experts_are_refused(tmp_path, fields, message):
    with pytest.raises(UnreadableModel, match=message):
        GgufCheckpoint(write_tiny_gguf(tmp_path / "m.gguf", "qwen3moe", fields=fields))


def test_a_folder_of_experts_lists_each_tensor_once(tmp_path):
    folder = opened(tmp_path)
    names = [info.name for info in folder.tensors]

    assert len(names) == len(set(names))
    assert json.dumps(folder.card.problems) == "[]"
