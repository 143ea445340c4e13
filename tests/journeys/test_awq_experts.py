"""Models with experts become 4-bit folders and files: every expert by itself, the router left alone."""

import contextlib
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.engine.inference.sessions import after, session_of, some_ids
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.int4_folders import unpack_awq, write_arrays
from tests.fixtures.tiny_models import Shape

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.choose import chosen_output
from octavo.engine.convert.convert import convert_all
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost
from octavo_awq import AwqOptions

SHAPE = Shape(n_layers=1, n_embedding=128, n_heads=2, n_kv_heads=1, context_length=64)
FAMILIES = ("mixtral", "qwen3moe")
PLUGINS = PluginHost()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """By family, the source and what it became in each layout, with its report."""
    made = {}
    for family in FAMILIES:
        place = tmp_path_factory.mktemp(family)
        text = place / "text.txt"
        text.write_text("The sea is wide and the day is long. A ship comes home. " * 60, encoding="utf-8")
        source = write_tiny_hf_folder(place / "hf", family, shape=SHAPE, dtype="F16")
        made[family] = {"source": (source, None)}
        for output in ("folder", "compressed-tensors", "gguf"):
            target = place / f"{output}.gguf"
            report = converted(source, target, "AWQ", AwqOptions(output=output, text=str(text)))
            made[family][output] = (target if output == "gguf" else target.with_suffix(""), report)
    return made


def converted(source, target, quantizer, options):
    with contextlib.closing(open_checkpoint(source)) as model:
        wish = chosen_output(model, PLUGINS.quantizer(quantizer), options, target, n_threads=1)
        (report,) = finish(convert_all(model, [wish], n_threads=1))
    return report


def unpacked(folder):
    """All tensors of a 4-bit folder as numbers, from its layout alone."""
    arrays, found = load_file(folder / "model.safetensors"), {}
    scheme = json.loads((folder / "config.json").read_text())["quantization_config"]
    for name, array in arrays.items():
        stem, _, kind = name.rpartition(".")
        if kind == "qweight":
            group = scheme["group_size"]
            zeros, scales = unpack_awq(arrays[f"{stem}.qzeros"]), arrays[f"{stem}.scales"].astype(np.float64)
            wide = np.repeat(scales, group, 0) * (unpack_awq(array) - np.repeat(zeros, group, 0))
            found[f"{stem}.weight"] = wide.T
        elif kind == "weight_packed":
            rows, columns = arrays[f"{stem}.weight_shape"]
            shifts = np.arange(0, 32, 4, dtype=np.uint32)
            q = (array.view(np.uint32)[:, :, None] >> shifts & 15).reshape(rows, columns).astype(int) - 8
            scales = arrays[f"{stem}.weight_scale"].astype(np.float64)
            found[f"{stem}.weight"] = q * np.repeat(scales, columns // scales.shape[1], 1)
        elif kind not in ("qzeros", "scales", "weight_scale", "weight_shape"):
            found[name] = array.astype(np.float64)
    return found


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("output", ["folder", "compressed-tensors"])
def test_every_expert_is_packed_under_the_name_that_it_had(folders, tmp_path, family, output):
    (source, _), (target, report) = folders[family]["source"], folders[family][output]
    found = unpacked(target)

    assert report.verified
    assert found.keys() == load_file(source / "model.safetensors").keys()
    plain = tmp_path / "plain"
    shutil.copytree(source, plain)
    write_arrays(plain / "model.safetensors", {name: each.astype(np.float32) for name, each in found.items()})
    ids = some_ids(20, 200)
    with session_of(plain) as one, session_of(target) as other:
        expected, said = after(one, ids), after(other, ids)
    assert np.abs(said - expected).max() < 0.05 * np.abs(expected).max()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("output", ["folder", "compressed-tensors", "gguf"])
def test_it_has_the_predicted_size_and_answers_like_its_source(folders, family, output):
    (source, _), (target, report) = folders[family]["source"], folders[family][output]
    ids = some_ids(20, 200)
    with session_of(source) as original, session_of(target) as other:
        agreement = np.corrcoef(after(original, ids), after(other, ids))[0, 1]

    assert report.file_bytes == report.predicted_bytes
    assert report.mode == "best"
    assert agreement > 0.9


@pytest.mark.parametrize("family", FAMILIES)
def test_routers_stay_in_16_bits_and_are_told_of(folders, family):
    router = "block_sparse_moe.gate" if family == "mixtral" else "mlp.gate"
    configs = [
        json.loads((folders[family][output][0] / "config.json").read_text())["quantization_config"]
        for output in ("folder", "compressed-tensors")
    ]
    arrays = load_file(folders[family]["folder"][0] / "model.safetensors")

    assert arrays[f"model.layers.0.{router}.weight"].dtype == np.float16
    assert configs[0]["modules_to_not_convert"] == ["gate"]
    assert configs[1]["ignore"] == ["lm_head", r"re:.*\.gate$"]


@pytest.mark.parametrize("family", FAMILIES)
def test_scales_change_nothing_by_themselves(folders, tmp_path, family):
    source = folders[family]["source"][0]
    quantizer = PLUGINS.quantizer("AWQ")
    arrays = dict(load_file(source / "model.safetensors"))
    with contextlib.closing(open_checkpoint(source)) as model:
        options = AwqOptions(output="gguf")
        calibration = quantizer.calibration(model, quantizer.plan(model.tensors, options), options, 1)
        with contextlib.closing(calibration):
            finish(calibration.encoder(model.tensor("blk.0.attn_norm.weight"), model.tensors[-1].block_type))
            found = calibration._calibration._layer  # what a rounding would hide
    norm = found.columns["blk.0.ffn_norm.weight"]
    down = found.columns["blk.0.ffn_down_exps.weight"]
    assert np.abs(norm - 1).max() > 0.01
    assert np.abs(down - 1).max() > 0.01
    rows = found.rows["blk.0.ffn_up_exps.weight"].reshape(len(down), -1)
    kinds = {
        "w1": "gate",
        "w2": "down",
        "w3": "up",
        "gate_proj": "gate",
        "down_proj": "down",
        "up_proj": "up",
    }
    for name in arrays:
        values = arrays[name].astype(np.float32)
        if name.endswith("post_attention_layernorm.weight"):
            values = values * norm
        elif name.endswith(".gate.weight"):
            values = values * found.columns["blk.0.ffn_gate_inp.weight"]
        elif ".experts." in name:
            expert, kind = int(name.split(".")[-3]), kinds[name.split(".")[-2]]
            columns = found.columns[f"blk.0.ffn_{kind}_exps.weight"]
            values = values * (columns[expert] if kind == "down" else columns)
            values = values / rows[expert][:, None] if kind == "up" else values
        arrays[name] = values
    folded = tmp_path / "folded"
    shutil.copytree(source, folded)
    write_arrays(folded / "model.safetensors", arrays)

    ids = some_ids(20, 200)
    with session_of(source) as original, session_of(folded) as other:
        expected, said = after(original, ids), after(other, ids)
    assert np.abs(said - expected).max() < 0.03 * np.abs(expected).max()


@pytest.mark.parametrize("output", ["folder", "compressed-tensors"])
def test_what_was_made_converts_again(folders, tmp_path, output):
    source = folders["qwen3moe"][output][0]
    with contextlib.closing(open_checkpoint(source)) as model:
        plan = PLUGINS.quantizer("Lossless").plan(model.tensors, None)
        expected = predicted_bytes(model.card, plan)
    report = converted(source, tmp_path / "again.gguf", "Lossless", None)
    ids = some_ids(20, 200)
    with session_of(source) as one, session_of(tmp_path / "again.gguf") as other:
        agreement = np.corrcoef(after(one, ids), after(other, ids))[0, 1]

    assert report.file_bytes == expected
    assert agreement > 0.99


def test_experts_that_saw_little_are_told_of(tmp_path):
    source = write_tiny_hf_folder(tmp_path / "hf", "qwen3moe", shape=SHAPE, dtype="F16")
    arrays = dict(load_file(source / "model.safetensors"))
    name = "model.layers.0.mlp.gate.weight"
    arrays[name] = np.concatenate([arrays[name][:3], 1e-3 * arrays[name][:3]]).astype(np.float16)
    arrays["model.layers.0.post_attention_layernorm.weight"][:] = 0
    write_arrays(
        source / "model.safetensors", arrays
    )  # equal logits: the first three experts take all tokens

    report = converted(source, tmp_path / "new", "AWQ", AwqOptions())

    (told,) = [each for each in report.notes if "experts" in each]
    assert told.startswith("3 of 6 experts saw too little of the text")
