import json

import numpy as np
import pytest
from safetensors.numpy import load_file
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


def change_config(folder, **scheme):
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] |= scheme
    (folder / "config.json").write_text(json.dumps(config))


def test_a_scale_for_each_whole_row_is_read_from_compressed_tensors_too(tmp_path):
    folder, meant = made(tmp_path, "asymmetric", group=256)
    weights = {"num_bits": 4, "type": "int", "symmetric": False, "strategy": "channel", "group_size": None}
    change_config(folder, config_groups={"group_0": {"targets": ["Linear"], "weights": weights}})

    model = open_checkpoint(folder)

    info = model.tensor("blk.1.attn_v.weight")
    expected = gguf_weights(meant, "llama")["blk.1.attn_v.weight"].astype(np.float32)
    assert np.array_equal(decode(model.read(info.name), info.block_type), expected)


@pytest.mark.parametrize("method", METHODS)
def test_matrices_that_were_not_converted_are_read_as_they_are(tmp_path, method):
    folder = write_tiny_hf_folder(tmp_path / "hf", dtype="F16")
    whole = load_file(folder / "model.safetensors")
    meant = quantize_folder(folder, method)
    kept = [name for name in meant if "layers.0." in name or "down_proj" in name]

    def put_back(arrays):
        for name in kept:
            stem = name.removesuffix(".weight") + "."
            for each in [each for each in arrays if each.startswith(stem)]:
                del arrays[each]
            arrays[name] = whole[name]

    spoil(folder, put_back)
    stems = ["model.layers.0", "down_proj"]
    change_config(folder, **({"modules_to_not_convert": stems} if method == "awq" else {"ignore": stems}))
    model = open_checkpoint(folder)

    expected = gguf_weights({name: meant[name] for name in meant if name not in kept}, "llama")
    originals = gguf_weights({name: whole[name] for name in kept}, "llama")
    assert len(expected) > 3
    for name, weights in originals.items():
        assert model.tensor(name).block_type.name == "F16"
        assert np.array_equal(decode(model.read(name), model.tensor(name).block_type), weights)
    for name, weights in expected.items():
        assert np.array_equal(
            decode(model.read(name), model.tensor(name).block_type), weights.astype(np.float32)
        )


@pytest.mark.parametrize("method", METHODS)
def test_shards_may_part_what_makes_up_one_matrix(tmp_path, method):
    folder, meant = made(tmp_path, method)
    arrays = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    parts = [{}, {}, {}]
    for number, name in enumerate(arrays):
        parts[number % 3][name] = arrays[name]
    names = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
    for name, part in zip(names, parts, strict=True):
        write_arrays(folder / name, part)
    places = {key: name for name, part in zip(names, parts, strict=True) for key in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))

    model = open_checkpoint(folder)

    for name, weights in gguf_weights(meant, "llama").items():
        found = decode(model.read(name), model.tensor(name).block_type)
        assert np.array_equal(found, weights.astype(np.float32)), name
    assert len(model.files()) >= 3


W8 = {"config_groups": {"group_0": {"weights": {"num_bits": 8, "strategy": "channel"}}}}
REFUSED = {
    "gptq": ({"quant_method": "gptq"}, r"quantized already \(gptq\)"),
    "bitsandbytes": ({"quant_method": "bitsandbytes"}, r"\(bitsandbytes\)"),
    "nothing": ({}, r"\(unknown method\)"),
    "no object": ("awq", r"\(unknown method\)"),
    "gemv": (AWQ_CONFIG | {"version": "gemv"}, "layout 'gemv'"),
    "fast gemv": (AWQ_CONFIG | {"version": "gemv_fast"}, "layout 'gemv_fast'"),
    "marlin": (AWQ_CONFIG | {"version": "marlin"}, "layout 'marlin'"),
    "marlin by method": ({"quant_method": "awq_marlin"}, r"\(awq_marlin\)"),
    "packed as marlin": (compressed_config(symmetric=True) | {"format": "marlin-24"}, "'marlin-24'"),
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
