"""The best mode from end to end, on a tiny model: the choice, the text, the layers, the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode, encode
from octavo.engine.blocks.types import block_type
from octavo.engine.calibrate import calibrate as module
from octavo.engine.calibrate.best import BestCalibration
from octavo.engine.calibrate.calibrate import Effort, calibrate, choose_effort
from octavo.engine.calibrate.forecast import CalibrationTime, calibration_bytes, forecast_seconds
from octavo.engine.calibrate.layers import Layers
from octavo.engine.calibrate.weighted import WeightedCalibration
from octavo.engine.calibrate.windows import calibration_text, calibration_windows
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish
from octavo.engine.quantize.quantizer import Plan

SHAPE = Shape(n_layers=3, n_embedding=64, n_feed_forward=96, n_heads=2, n_kv_heads=1, head_size=32)
TO, F32 = block_type("Q4_0"), block_type("F32")


@dataclass(frozen=True)
class Options:
    """The fields that count here."""

    mode: str = "auto"
    text: str = ""
    imatrix: str = ""
    compatible: bool = False


class Rounding:
    """A quantizer that does what it is told."""

    name = "Q4_0"

    def encode(self, weights, kind, importance):
        return encode(weights, kind, importance)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = write_tiny_hf_folder(tmp_path_factory.mktemp("llama"), "llama", shape=SHAPE, dtype="F32")
    checkpoint = open_checkpoint(path)
    yield checkpoint
    checkpoint.close()


@pytest.fixture(scope="module")
def plan(model):
    return Plan({each.name: TO if each.is_matrix else each.block_type for each in model.tensors})


@pytest.fixture
def windows(model):
    text = " ".join(f"number {n} follows number {n - 1}." for n in range(400))
    return calibration_windows(model, text, 4)


def encoded(calibration, model, name):
    tensor = model.tensor(name)
    encoder = finish(calibration.encoder(tensor, TO))
    return encoder(decode(model.read(name), tensor.block_type), 0)


def moments_of(model, windows, layer):
    layers = Layers(model, windows, 1)
    try:
        found = finish(layers.reach(layer))
    finally:
        layers.close()
    return {name: each for product, each in found.items() for name in product.tensors}


def test_outputs_of_a_matrix_are_nearer_than_when_rounded_alone(model, windows):
    name = "blk.1.ffn_down.weight"
    moments = moments_of(model, windows, 1)[name].weighted()
    calibration = BestCalibration(model, Rounding(), windows, 1)
    weights = decode(model.read(name), block_type("F32"))
    raws = encoded(calibration, model, name), encode(weights, TO)
    calibration.close()

    best, alone = ((decode(raw, TO) - weights).astype(np.float64) for raw in raws)

    assert np.einsum("ij,jk,ik->", best, moments, best) < 0.8 * np.einsum("ij,jk,ik->", alone, moments, alone)


def test_layers_left_out_change_nothing(model, windows):
    in_order, at_once = (BestCalibration(model, Rounding(), windows, 1) for _ in range(2))
    for layer in range(3):
        last = encoded(in_order, model, f"blk.{layer}.attn_q.weight")

    assert (encoded(at_once, model, "blk.2.attn_q.weight") == last).all()
    assert (encoded(in_order, model, "blk.2.attn_q.weight") == last).all()
    again = encoded(in_order, model, "blk.0.attn_q.weight")
    assert (encoded(at_once, model, "blk.0.attn_q.weight") == again).all()
    in_order.close()
    at_once.close()


def test_what_belongs_to_no_layer_is_rounded_alone(model, windows):
    calibration = BestCalibration(model, Rounding(), windows, 1)

    found = encoded(calibration, model, "token_embd.weight")

    assert (found == encode(decode(model.read("token_embd.weight"), block_type("F32")), TO)).all()


def test_auto_takes_the_best_that_is_quick_enough(model, plan, monkeypatch):
    seconds = 30.0
    monkeypatch.setattr(module, "forecast_seconds", lambda *_, **__: CalibrationTime(seconds - 1, 1.0))
    chosen = choose_effort(model.card, plan, Options())
    assert (chosen.mode, chosen.seconds, chosen.reason) == ("best", 30.0, "")
    assert chosen.n_bytes > 0

    seconds = 6000.0
    chosen = choose_effort(model.card, plan, Options())

    assert chosen.mode == "quick"
    assert "100 minutes" in chosen.reason


def test_auto_leaves_out_what_does_not_fit_into_memory(model, plan, monkeypatch):
    monkeypatch.setattr(module, "main_memory", lambda: SimpleNamespace(free_bytes=220_000_000))

    chosen = choose_effort(model.card, plan, Options())

    assert chosen.mode == "quick"
    assert "220 MB are free" in chosen.reason


def test_more_text_takes_its_hidden_states_more_memory_where_the_disk_is_full(model, plan, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=4000))
    whole = calibration_bytes(model.card, plan, n_threads=1)
    longer = calibration_bytes(model.card, plan, n_windows=64, n_threads=1)

    assert longer - whole == 32 * 4 * SHAPE.context_length * SHAPE.n_embedding


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        (None, "quick"),
        (Options(mode="quick"), "quick"),
        (Options(compatible=True), "quick"),
        (Options(imatrix="some.gguf"), "imatrix"),
        (Options(imatrix="some.gguf", compatible=True), "imatrix"),
    ],
)
def test_options_decide_without_measuring(model, plan, options, mode):
    assert choose_effort(model.card, plan, options) == Effort(mode)


@pytest.mark.parametrize(
    "options", [Options(mode="best", imatrix="some.gguf"), Options(mode="best", compatible=True)]
)
def test_options_that_exclude_each_other_are_refused(model, plan, options):
    with pytest.raises(OctavoError):
        choose_effort(model.card, plan, options)


def test_best_is_refused_where_nothing_can_be_learned(model):
    floats = Plan({each.name: block_type("F16") for each in model.tensors})

    with pytest.raises(OctavoError, match="changes nothing"):
        choose_effort(model.card, floats, Options(mode="best"))


def test_a_text_of_ones_own_is_used(model, plan, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("To be, or not to be, that is the question. " * 100, encoding="utf-8")

    found = calibrate(model, plan, Rounding(), Options("best", str(path)), effort=Effort("best"))

    assert isinstance(found, BestCalibration)


def test_quick_needs_no_calibration(model, plan):
    assert calibrate(model, plan, Rounding(), Options(mode="quick")) is None


def test_an_imatrix_makes_a_weighted_conversion(model, plan, monkeypatch):
    name = "blk.0.attn_q.weight"
    monkeypatch.setattr(module, "read_imatrix", lambda _: {name: np.ones((1, 64), np.float32)})

    found = calibrate(model, plan, Rounding(), Options(imatrix="i.gguf"))

    assert isinstance(found, WeightedCalibration)


def test_windows_begin_as_texts_begin_and_lie_all_over_the_text(model, windows):
    assert windows.shape == (4, SHAPE.context_length)
    assert len({tuple(each) for each in windows.tolist()}) == 4


def test_a_text_that_is_too_short_is_refused(model):
    with pytest.raises(OctavoError, match="tokens"):
        calibration_windows(model, "Too short.")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a\0b" * 900, b"", b" \n" * 900, None])
def test_what_is_no_text_is_refused(tmp_path, content):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(OctavoError):
        calibration_text(path)


def test_the_text_that_comes_with_octavo_is_there():
    assert 50_000 < len(calibration_text(None).encode()) < 400_000


def test_a_forecast_grows_with_the_text(model, plan):
    few = forecast_seconds(model.card, plan, n_windows=1, n_threads=1)
    many = forecast_seconds(model.card, plan, n_windows=4000, n_threads=1)

    assert 0 < few.finding < many.finding
    assert few.rounding == many.rounding > 0


def test_a_forecast_knows_what_each_layer_becomes(model, plan):
    """The first layers of a mixture are often finer than the others, and such rows take another time."""
    kept = replace(
        plan, types={name: F32 if name.startswith("blk.2.") else to for name, to in plan.types.items()}
    )

    assert forecast_seconds(model.card, kept).rounding < forecast_seconds(model.card, plan).rounding
