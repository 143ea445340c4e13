"""A folder becomes a 4-bit one: searched, packed, opened again, and run."""

import contextlib
import hashlib
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.engine.inference.sessions import after, session_of, some_ids
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.int4_folders import unpack_awq, write_arrays
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.choose import chosen_output
from octavo.engine.convert.convert import convert_all
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost
from octavo_awq import AwqOptions

SHAPE = Shape(n_layers=1, n_embedding=128, n_feed_forward=192, n_heads=2, n_kv_heads=1, context_length=64)
AWQ = PluginHost().quantizer("AWQ")


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "calibration.txt"
    path.write_text("The sea is wide and the day is long. " * 60, encoding="utf-8")
    return str(path)


def made(folder, target, text="", **options):
    with contextlib.closing(open_checkpoint(folder)) as source:
        wish = chosen_output(source, AWQ, AwqOptions(text=text, **options), target, n_threads=1)
        (report,) = finish(convert_all(source, [wish], n_threads=1))
    return report


def unpacked(folder):
    """The matrices of an AutoAWQ folder by name, from the layout alone."""
    arrays = load_file(folder / "model.safetensors")
    group = json.loads((folder / "config.json").read_text())["quantization_config"]["group_size"]
    found = {}
    for name, words in arrays.items():
        if name.endswith(".qweight"):
            stem = name.removesuffix(".qweight")
            zeros, scales = unpack_awq(arrays[stem + ".qzeros"]), arrays[stem + ".scales"]
            wide = unpack_awq(words) - np.repeat(zeros, group, 0)
            found[stem + ".weight"] = (np.repeat(scales.astype(np.float64), group, 0) * wide).T
        elif not name.endswith((".qzeros", ".scales")):
            found[name] = arrays[name].astype(np.float64)
    return found


@pytest.mark.parametrize("family", ["llama", "gemma3"])
def test_a_folder_is_packed_as_autoawq_packs_and_runs_the_same(tmp_path, family):
    source = write_tiny_hf_folder(tmp_path / "hf", family, shape=SHAPE, dtype="F16")
    report = made(source, tmp_path / "new")

    config = json.loads((tmp_path / "new" / "config.json").read_text())
    assert config["quantization_config"]["quant_method"] == "awq"
    assert config["quantization_config"]["group_size"] == 64
    assert report.verified
    assert report.mode == "best"
    assert (tmp_path / "new" / "tokenizer.json").read_bytes() == (source / "tokenizer.json").read_bytes()
    plain = tmp_path / "plain"
    shutil.copytree(source, plain)
    weights = {name: each.astype(np.float32) for name, each in unpacked(tmp_path / "new").items()}
    write_arrays(plain / "model.safetensors", weights)
    ids = some_ids(20, 200)
    with session_of(plain) as one, session_of(tmp_path / "new") as other, session_of(source) as original:
        expected, found, meant = after(one, ids), after(other, ids), after(original, ids)
    assert np.abs(found - expected).max() < 0.03 * np.abs(expected).max()
    assert np.corrcoef(found, meant)[0, 1] > 0.9


@pytest.mark.parametrize("output", ["folder", "compressed-tensors", "gguf"])
def test_every_output_has_the_predicted_size_and_leaves_nothing_else(tmp_path, text, output):
    source = write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE, dtype="F16")
    before = {each.name for each in tmp_path.iterdir()}
    target = tmp_path / ("new.gguf" if output == "gguf" else "new")
    report = made(source, tmp_path / "new.gguf", text, output=output)

    assert {each.name for each in tmp_path.iterdir()} == before | {target.name}
    weights = target if output == "gguf" else target / "model.safetensors"
    assert report.file_bytes == report.predicted_bytes == weights.stat().st_size


@pytest.mark.parametrize("output", ["folder", "compressed-tensors", "gguf"])
def test_the_papers_search_is_there_without_feedback(tmp_path, text, output):
    source = write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE, dtype="F16")
    one, other = tmp_path / "one.gguf", tmp_path / "other.gguf"
    made(source, one, text, output=output, feedback=False)
    made(source, other, text, output=output)
    one, other = (each if output == "gguf" else each.with_suffix("") for each in (one, other))

    ids = some_ids(20, 200)
    with session_of(one) as paper, session_of(other) as ours, session_of(source) as original:
        expected = after(original, ids)
        found = [after(paper, ids), after(ours, ids)]
    assert all(np.corrcoef(each, expected)[0, 1] > 0.9 for each in found)
    assert not np.array_equal(*found)


def test_without_any_search_each_weight_goes_to_the_nearest_step(tmp_path, text):
    source = write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE, dtype="F16")
    made(source, tmp_path / "new", text, scales=False, clips=False, feedback=False)

    whole = load_file(source / "model.safetensors")
    for name, found in unpacked(tmp_path / "new").items():
        weights = whole[name].astype(np.float64)
        if not name.endswith("_proj.weight"):
            assert np.array_equal(found, weights), name
            continue
        grouped = weights.reshape(len(weights), -1, 64)
        step = (grouped.max(2) - grouped.min(2)) / 15
        error = np.abs(found - weights).reshape(grouped.shape).max(2)
        assert (error <= 1.02 * step).all(), name  # the zero point is rounded too
        assert np.median(error / step) < 0.7, name


def test_a_gguf_is_no_byte_larger_than_plain_q4_k_m(tmp_path):
    card = open_checkpoint(write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE)).card
    usual = PluginHost().quantizer("Q4_K_M").plan(card.tensors, None)
    ours = AWQ.plan(card.tensors, AwqOptions(output="gguf"))

    assert ours.types == usual.types
    assert predicted_bytes(card, ours) == predicted_bytes(card, usual)


def test_scales_folded_into_norms_and_rows_change_nothing_by_themselves(tmp_path, text):
    source = write_tiny_hf_folder(tmp_path / "hf", "gemma3", shape=SHAPE, dtype="F32")
    with contextlib.closing(open_checkpoint(source)) as model:
        options = AwqOptions(text=text, output="gguf")
        plan = AWQ.plan(model.tensors, options)
        calibration = AWQ.calibration(model, plan, options, 1)
        with contextlib.closing(calibration):
            norm = model.tensor("blk.0.ffn_norm.weight")
            before = decode(model.read(norm.name), norm.block_type)
            encoder = finish(calibration.encoder(norm, norm.block_type))
            after_norm = decode(encoder(before, 0), norm.block_type)
            gate = model.tensor("blk.0.ffn_gate.weight")
            weights = decode(model.read(gate.name), gate.block_type)
            as_f32 = finish(calibration.encoder(gate, norm.block_type))(weights, 0).view("<f4")

    assert np.abs(after_norm / before - 1).max() > 0.01
    assert np.allclose(as_f32 * after_norm, weights * before, rtol=1e-5)


def test_a_gguf_cannot_become_a_folder(tmp_path, text):
    source = write_tiny_gguf(tmp_path / "model.gguf", dtype="F16")

    with pytest.raises(OctavoError, match="Only a Hugging Face folder") as refusal:
        made(source, tmp_path / "new", text)
    assert "output=gguf" in refusal.value.hint
    assert {each.name for each in tmp_path.iterdir()} == {"model.gguf", "calibration.txt"}


def test_a_cancelled_search_leaves_nothing(tmp_path, text):
    folder = write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE, dtype="F16")
    with contextlib.closing(open_checkpoint(folder)) as source:
        wish = chosen_output(source, AWQ, AwqOptions(text=text), tmp_path / "new", n_threads=1)
        work = convert_all(source, [wish], n_threads=1)
        while not next(work).label.startswith("search"):
            pass
        work.close()

    assert {each.name for each in tmp_path.iterdir()} == {"hf", "calibration.txt"}


def test_an_existing_folder_is_not_replaced_unless_that_is_allowed(tmp_path, text):
    folder = write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE, dtype="F16")
    (tmp_path / "new").mkdir()

    with pytest.raises(OctavoError, match="new exists already"):
        made(folder, tmp_path / "new", text)


def test_a_folder_tells_how_it_was_made_and_from_what(tmp_path, text):
    source = write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE, dtype="F16")

    report = made(source, tmp_path / "new", text)

    raw = (tmp_path / "new" / "model.safetensors").read_bytes()
    told = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])["__metadata__"]
    recipe = json.loads(told["octavo.recipe"])
    assert (recipe["quantizer"], recipe["options"]["text"]) == ("AWQ", "calibration.txt")
    assert told["octavo.source.sha256"] == report.source_sha256
    weights = (source / "model.safetensors").read_bytes()
    assert report.source_sha256 == hashlib.sha256(weights).hexdigest()
    assert report.sha256 == hashlib.sha256(raw).hexdigest()
