import json

import numpy as np
import pytest
from tests.fixtures.checkpoints import gguf_weights, write_tiny_hf_folder
from tests.fixtures.int4_folders import AWQ_CONFIG, compressed_config, quantize_folder, write_arrays

from octavo.engine.blocks.codec import decode
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import UnreadableModel, UnsupportedModel

METHODS = ("awq", "symmetric", "asymmetric")


def made(tmp_path, method, family="llama", group=64, **options):
    folder = write_tiny_hf_folder(tmp_path / "hf", family, dtype="F16", **options)
    return folder, quantize_folder(folder, method, group=group)


@pytest.mark.parametrize("group", [32, 64, 128, 256])
@pytest.mark.parametrize("method", METHODS)
def test_groups_of_a_folder_are_read_as_what_they_mean(tmp_path, method, group):
    folder, meant = made(tmp_path, method, group=group)
    model = open_checkpoint(folder)

    for name, weights in gguf_weights(meant, "llama").items():
        info = model.tensor(name)
        kind = "Q4_0" if method == "symmetric" else f"INT4_G{min(group, 128)}"
        assert (info.shape, info.block_type.name) == (weights.shape, kind), name
        assert np.array_equal(decode(model.read(name), info.block_type), weights.astype(np.float32)), name


@pytest.mark.parametrize("method", METHODS)
def test_any_rows_of_packed_matrices_can_be_read(tmp_path, method):
    folder, _ = made(tmp_path, method)
    model = open_checkpoint(folder)

    for name in ("blk.0.attn_q.weight", "blk.1.ffn_down.weight"):
        whole = model.read(name)
        for first, count in ((0, 1), (63, 2), (5, 200), (255, 1), (7, 0)):
            assert np.array_equal(model.read(name, first, count), whole[first : first + count])


@pytest.mark.parametrize("family", ["qwen2", "gemma3", "mixtral", "qwen3moe"])
@pytest.mark.parametrize("method", ["awq", "symmetric"])
def test_other_families_are_read_too(tmp_path, family, method):
    folder, meant = made(tmp_path, method, family, group=32)
    model = open_checkpoint(folder)

    expected = gguf_weights(meant, family)
    assert len(expected) > 8
    for name, weights in expected.items():
        found = decode(model.read(name), model.tensor(name).block_type)
        assert np.array_equal(found.reshape(weights.shape), weights.astype(np.float32)), name


@pytest.mark.parametrize(("method", "called"), [("awq", "AWQ"), ("symmetric", "W4A16")])
def test_the_card_says_how_the_folder_is_quantized_and_what_is_held(tmp_path, method, called):
    folder, _ = made(tmp_path, method)
    card = open_checkpoint(folder).card

    assert card.type_name == called
    assert card.problems == []
    held = sum(each.n_bytes for each in card.tensors)
    assert 0.9 < held / (folder / "model.safetensors").stat().st_size < 1.1


def test_rows_in_one_group_each_are_read(tmp_path):
    folder, meant = made(tmp_path, "awq", group=256)
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"]["group_size"] = -1
    (folder / "config.json").write_text(json.dumps(config))

    model = open_checkpoint(folder)

    weights = gguf_weights(meant, "llama")["blk.0.attn_v.weight"]
    assert np.array_equal(
        decode(model.read("blk.0.attn_v.weight"), model.tensor("blk.0.attn_v.weight").block_type),
        weights.astype(np.float32),
    )


W8 = {"config_groups": {"group_0": {"weights": {"num_bits": 8, "strategy": "channel"}}}}
REFUSED = {
    "gptq": ({"quant_method": "gptq"}, r"quantized already \(gptq\)"),
    "bitsandbytes": ({"quant_method": "bitsandbytes"}, r"\(bitsandbytes\)"),
    "fp8": ({"quant_method": "fp8"}, r"\(fp8\)"),
    "nothing": ({}, r"\(unknown method\)"),
    "no object": ("awq", r"\(unknown method\)"),
    "gemv": (AWQ_CONFIG | {"version": "gemv"}, "layout 'gemv'"),
    "3 bits": (AWQ_CONFIG | {"bits": 3}, "of 4 bits"),
    "no zeros": (AWQ_CONFIG | {"zero_point": False}, "with zero points"),
    "float": (compressed_config(symmetric=True) | {"format": "float-quantized"}, "'float-quantized'"),
    "8 bits": (compressed_config(symmetric=True) | W8, "4-bit integers"),
    "no groups": (compressed_config(symmetric=True) | {"config_groups": None}, "nothing but weights"),
}


@pytest.mark.parametrize(("given", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_other_ways_to_quantize_are_refused_in_one_sentence(tmp_path, given, reason):
    folder = write_tiny_hf_folder(tmp_path / "hf", config={"quantization_config": given})

    with pytest.raises(UnsupportedModel, match=reason):
        open_checkpoint(folder)


def spoil(folder, change):
    from safetensors.numpy import load_file

    arrays = load_file(folder / "model.safetensors")
    change(arrays)
    write_arrays(folder / "model.safetensors", arrays)


STEM = "model.layers.0.mlp.up_proj."
SPOILT = {
    "zeros missing": ("awq", lambda a: a.pop(STEM + "qzeros"), "up_proj.qzeros is missing"),
    "too few zeros": (
        "awq",
        lambda a: a.update({STEM + "qzeros": a[STEM + "qzeros"][:1]}),
        "do not fit each other",
    ),
    "another width": (
        "awq",
        lambda a: a.update({STEM + "qweight": a[STEM + "qweight"][:, 1:]}),
        "do not fit each other",
    ),
    "no integers": (
        "awq",
        lambda a: a.update({STEM + "qweight": a[STEM + "scales"]}),
        "do not fit each other",
    ),
    "twice": ("awq", lambda a: a.update({STEM + "weight": a[STEM + "scales"]}), "there twice"),
    "no shape": ("symmetric", lambda a: a.pop(STEM + "weight_shape"), "do not fit each other"),
    "another shape": (
        "symmetric",
        lambda a: a.update({STEM + "weight_shape": np.array([512, 999])}),
        "do not fit each other",
    ),
    "zeros of fewer rows": (
        "asymmetric",
        lambda a: a.update({STEM + "weight_zero_point": a[STEM + "weight_zero_point"][1:]}),
        "do not fit each other",
    ),
}


@pytest.mark.parametrize(("method", "change", "reason"), SPOILT.values(), ids=SPOILT.keys())
def test_tensors_that_do_not_belong_together_are_refused(tmp_path, method, change, reason):
    folder, _ = made(tmp_path, method)
    spoil(folder, change)

    with pytest.raises(UnreadableModel, match=reason):
        open_checkpoint(folder)


def test_groups_that_no_kernel_knows_are_refused(tmp_path):
    folder, _ = made(tmp_path, "awq", group=16)

    with pytest.raises(UnsupportedModel, match="groups of 16"):
        open_checkpoint(folder)


def test_reordered_columns_are_refused(tmp_path):
    folder, _ = made(tmp_path, "symmetric")
    spoil(folder, lambda a: a.update({STEM + "weight_g_idx": np.zeros(256, np.int32)}))

    with pytest.raises(UnsupportedModel, match="reordered columns"):
        open_checkpoint(folder)
