import contextlib
import hashlib
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode, encode
from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert, predicted_bytes
from octavo.engine.errors import NotEnoughDisk, OctavoError
from octavo.engine.progress import Progress, finish
from octavo.engine.quantize.quantizer import Plan
from octavo.plugin.host import PluginHost

FAMILIES = ("llama", "qwen2", "qwen3", "gemma3")
NAMES = ("Q8_0", "Q4_K_M")
QUANTIZERS = {name: PluginHost().quantizer(name) for name in NAMES}


@pytest.fixture(params=["folder", "file"])
def source(request, tmp_path):
    if request.param == "folder":
        path = write_tiny_hf_folder(tmp_path / "model", shards=2)
    else:
        path = write_tiny_gguf(tmp_path / "model.gguf", dtype="BF16")
    with contextlib.closing(open_checkpoint(path)) as checkpoint:
        yield checkpoint


@pytest.fixture
def q8_0():
    return QUANTIZERS["Q8_0"]


def converted(source, target, name="Q8_0", **options):
    return finish(convert(source, QUANTIZERS[name], None, target, **options))


def leftovers(folder):
    return sorted(
        each.name for each in folder.iterdir() if each.name != "model" and each.name != "model.gguf"
    )


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


def test_cancelling_leaves_nothing(source, tmp_path, q8_0):
    work = convert(source, q8_0, None, tmp_path / "new.gguf")
    for _ in range(5):
        next(work)
    work.close()

    assert leftovers(tmp_path) == []


def test_cancelling_leaves_an_old_target_as_it_was(source, tmp_path, q8_0):
    (tmp_path / "new.gguf").write_bytes(b"old")
    work = convert(source, q8_0, None, tmp_path / "new.gguf", force=True)
    next(work)
    work.close()

    assert (tmp_path / "new.gguf").read_bytes() == b"old"
    assert leftovers(tmp_path) == ["new.gguf"]


def test_an_existing_target_is_replaced_only_with_consent(source, tmp_path):
    (tmp_path / "new.gguf").write_bytes(b"old")

    with pytest.raises(OctavoError, match="exists already"):
        converted(source, tmp_path / "new.gguf")
    assert (tmp_path / "new.gguf").read_bytes() == b"old"

    assert converted(source, tmp_path / "new.gguf", force=True).verified


def test_a_model_is_never_converted_onto_itself(source, tmp_path):
    file = source.files()[0]
    os.link(file, tmp_path / "alias.gguf")
    before = file.read_bytes()

    with pytest.raises(OctavoError, match="is the model that is being converted"):
        converted(source, tmp_path / "alias.gguf", force=True)

    assert file.read_bytes() == before


def test_a_source_that_changes_meanwhile_gives_no_result(source, tmp_path, q8_0):
    work = convert(source, q8_0, None, tmp_path / "new.gguf")
    next(work)
    os.utime(source.files()[0], ns=(1, 1))

    with pytest.raises(OctavoError, match="was changed while it was converted"):
        finish(work)

    assert leftovers(tmp_path) == []


def test_a_source_that_is_cut_short_meanwhile_gives_no_result(tmp_path, q8_0):
    path = write_tiny_gguf(tmp_path / "model.gguf", dtype="BF16")
    with contextlib.closing(open_checkpoint(path)) as source:
        work = convert(source, q8_0, None, tmp_path / "new.gguf")
        next(work)
        os.truncate(path, path.stat().st_size // 2)

        with pytest.raises(OctavoError, match=r"model\.gguf"):
            finish(work)

    assert leftovers(tmp_path) == []


def test_a_weight_that_is_no_number_stops_with_the_tensor_s_name(tmp_path):
    path = write_tiny_gguf(tmp_path / "model.gguf", dtype="F32")
    raw = bytearray(path.read_bytes())
    raw[-4:] = np.float32(np.nan).tobytes()
    path.write_bytes(raw)
    with contextlib.closing(open_checkpoint(path)) as source:
        last = source.tensors[-1].name

        with pytest.raises(OctavoError, match=f"{last} holds weights that are no finite numbers"):
            converted(source, tmp_path / "new.gguf")

    assert leftovers(tmp_path) == []


def test_a_full_disk_is_refused_before_the_work(source, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=1000))

    with pytest.raises(NotEnoughDisk, match="are free"):
        converted(source, tmp_path / "new.gguf")

    assert leftovers(tmp_path) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(source, tmp_path, monkeypatch, q8_0):
    work = convert(source, q8_0, None, tmp_path / "new.gguf")
    next(work)

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NotEnoughDisk):
        finish(work)

    assert leftovers(tmp_path) == []


def test_a_missing_folder_is_refused(source, tmp_path):
    with pytest.raises(OctavoError, match="There is no folder"):
        converted(source, tmp_path / "missing" / "new.gguf")


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
