import contextlib
import hashlib
import os
from dataclasses import replace

import numpy as np
import pytest
from tests.engine.convert.converting import NAMES, QUANTIZERS, converted, leftovers
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode, encode
from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert, predicted_bytes
from octavo.engine.progress import Progress, finish
from octavo.engine.quantize.quantizer import Plan

FAMILIES = ("llama", "qwen2", "qwen3", "gemma3")


@pytest.mark.parametrize("name", NAMES)
def test_the_result_has_the_planned_types_and_exactly_the_predicted_size(source, tmp_path, name):
    report = converted(source, tmp_path / "new.gguf", name)
    plan = QUANTIZERS[name].plan(source.tensors, None)

    with contextlib.closing(open_checkpoint(report.output)) as result:
        assert [(each.name, each.block_type) for each in result.tensors] == list(plan.types.items())
        assert result.card.type_name == name
    assert report.file_bytes == report.predicted_bytes == predicted_bytes(source.card, plan)
    assert report.file_bytes == (tmp_path / "new.gguf").stat().st_size
    assert report.sha256 == hashlib.sha256((tmp_path / "new.gguf").read_bytes()).hexdigest()
    assert report.verified
    assert report.n_tensors == len(source.tensors)
    assert leftovers(tmp_path) == ["new.gguf"]


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_survive_within_the_rounding_of_their_type(family, tmp_path):
    path = write_tiny_hf_folder(tmp_path / "model", family)
    with contextlib.closing(open_checkpoint(path)) as source:
        report = converted(source, tmp_path / "new.gguf")
        with contextlib.closing(open_checkpoint(report.output)) as result:
            for tensor in result.tensors:
                before = decode(source.read(tensor.name), source.tensor(tensor.name).block_type)
                after = decode(result.read(tensor.name), tensor.block_type)
                assert np.abs(after - before).max() <= 0.6 * np.abs(before).max() / 127


def test_all_metadata_is_kept_and_the_quantization_comes_last(source, tmp_path):
    report = converted(source, tmp_path / "new.gguf")

    with contextlib.closing(open_checkpoint(report.output)) as result:
        keys = list(result.fields)
        assert keys[-2:] == ["general.quantization_version", "general.file_type"]
        assert [result.fields[key].value for key in keys[-2:]] == [2, 7]
        kept = {key: field for key, field in source.fields.items() if key not in keys[-2:]}
        ours = ("octavo.recipe", "octavo.source.sha256")
        assert {key: result.fields[key] for key in keys[:-2] if key not in ours} == kept


def test_a_quantized_source_is_decoded_and_that_is_noted(tmp_path):
    with contextlib.closing(
        open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf", dtype="Q5_1"))
    ) as source:
        report = converted(source, tmp_path / "new.gguf")

    assert any("quantized already (Q5_1)" in note for note in report.notes)


def test_fallbacks_are_noted(tmp_path):
    narrow = Shape(n_embedding=96, n_feed_forward=160, n_heads=3, n_kv_heads=1, head_size=32)
    path = write_tiny_gguf(tmp_path / "model.gguf", dtype="BF16", shape=narrow)
    with contextlib.closing(open_checkpoint(path)) as source:
        report = converted(source, tmp_path / "new.gguf", "Q4_K_M")

    assert any("tensors got another type (Q5_0, Q8_0)" in note for note in report.notes)
    assert report.file_bytes == report.predicted_bytes


def test_converting_to_the_type_it_has_copies_every_byte(tmp_path):
    with contextlib.closing(
        open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf", dtype="Q8_0"))
    ) as source:
        report = converted(source, tmp_path / "new.gguf")
        with contextlib.closing(open_checkpoint(report.output)) as result:
            assert all((result.read(t.name) == source.read(t.name)).all() for t in source.tensors)
    assert report.notes == []


def test_progress_counts_bytes_and_tensors_to_the_end(source, tmp_path, q8_0):
    steps = list(convert(source, q8_0, None, tmp_path / "new.gguf"))

    assert [each.done for each in steps] == sorted(each.done for each in steps)
    assert steps[-1].done == steps[-1].total
    written = [each for each in steps if each.n_steps]
    assert written[-1].step == written[-1].n_steps == len(source.tensors)
    assert {each.label for each in written} == {each.name for each in source.tensors}


def test_a_plan_without_a_file_type_still_has_its_exact_size(tmp_path, q8_0):
    class Nameless:
        name, summary, format, Options = "NAMELESS", "Q8_0 without a number.", "gguf", None

        def plan(self, tensors, options):
            return replace(q8_0.plan(tensors, options), file_type=None)

        def encode(self, weights, kind, importance):
            return q8_0.encode(weights, kind, importance)

    path = write_tiny_gguf(tmp_path / "model.gguf", without=("general.file_type",))
    with contextlib.closing(open_checkpoint(path)) as source:
        report = finish(convert(source, Nameless(), None, tmp_path / "new.gguf"))

    assert report.file_bytes == report.predicted_bytes
    with contextlib.closing(open_checkpoint(report.output)) as result:
        assert result.card.type_name == "Q8_0"


def test_a_plugin_s_own_choice_of_types_is_executed(tmp_path):
    class Half:
        name, summary, format, Options = "HALF", "Everything in F16.", "gguf", None

        def plan(self, tensors, options):
            return Plan({t.name: block_type("F16") if t.is_matrix else t.block_type for t in tensors}, 1)

        def encode(self, weights, kind, importance):
            return weights.astype(np.float16).view(np.uint8)

    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf"))) as source:
        report = finish(convert(source, Half(), None, tmp_path / "new.gguf"))

    with contextlib.closing(open_checkpoint(report.output)) as result:
        assert result.card.type_name == "F16"


class Known:
    """A calibration that notes what it is asked for, and doubles every weight."""

    def __init__(self):
        self.asked = []

    def encoder(self, tensor, to):
        self.asked.append(tensor.name)
        yield Progress(1, 2, f"weighing {tensor.name}")
        return lambda weights, _: encode(2 * weights, to)

    def close(self):
        self.asked.append("closed")


def test_a_calibration_is_asked_for_every_tensor_in_order_and_encodes_all_of_them(tmp_path, q8_0):
    known = Known()
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf"))) as source:
        steps = list(convert(source, q8_0, None, tmp_path / "new.gguf", calibration=known))

        with contextlib.closing(open_checkpoint(tmp_path / "new.gguf")) as result:
            assert known.asked == [*(each.name for each in result.tensors), "closed"]
            norm = "output_norm.weight"
            assert (result.read(norm).view(np.float32) == 2 * source.read(norm).view(np.float32)).all()
    assert "weighing output_norm.weight" in {each.label for each in steps}
    assert [each.done for each in steps] == sorted(each.done for each in steps)


def test_large_files_do_not_fill_the_system_s_cache(source, tmp_path, monkeypatch, q8_0):
    given_up = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *arguments: given_up.append(arguments[2]))
    monkeypatch.setattr("octavo.engine.convert.file_cache._EVERY_BYTES", 1)
    finish(convert(source, q8_0, None, tmp_path / "small.gguf"))
    assert given_up == []

    monkeypatch.setattr("octavo.engine.convert.convert._CACHED_SHARE", 0.0)
    finish(convert(source, q8_0, None, tmp_path / "large.gguf"))
    assert max(given_up) > 0
