"""A stranger's quantizer that calibrates: asked like ours, and never trusted."""

import contextlib

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import Shape

from octavo.api import CalibratedQuantizer, Plan, block_type, encode
from octavo.engine.calibrate.calibrate import calibrate
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.choose import chosen_output
from octavo.engine.convert.convert import convert_all
from octavo.engine.errors import OctavoError, PluginFailed
from octavo.engine.progress import Progress, finish
from octavo.plugin.guarded import checked_quantizer

SHAPE = Shape(n_layers=1, n_embedding=64, n_feed_forward=96, n_heads=2, n_kv_heads=1, context_length=64)


class Plain:
    name = "HALF"
    summary = "Half of everything."
    format = "gguf"
    Options = None

    def plan(self, tensors, options):
        return Plan({each.name: block_type("F16") for each in tensors}, calibration_windows=1)

    def encode(self, weights, block_type, importance):
        return encode(weights, block_type)


class Doubling(Plain):
    """Doubles every weight of the norms, and remembers what it was asked."""

    def __init__(self):
        self.asked, self.closed = [], 0

    def calibration(self, source, plan, options, n_threads):
        assert source.tensor("output_norm.weight") is not None
        return self

    def encoder(self, tensor, to):
        yield Progress(1, 2, "thinking")
        self.asked.append(tensor.name)
        return lambda weights, _: encode(weights * (1 if tensor.is_matrix else 2), to)

    def close(self):
        self.closed += 1


class Failing(Doubling):
    def __init__(self, what):
        super().__init__()
        self.what = what

    def calibration(self, source, plan, options, n_threads):
        if self.what == "start":
            raise ValueError("no start")
        return self

    def encoder(self, tensor, to):
        yield Progress(1, 2, "thinking")
        if self.what == "tensor":
            raise ValueError("no tensor")
        if self.what == "refusal":
            raise OctavoError("This model has no soul.")
        if self.what == "rows":
            return lambda weights, _: 1 / 0
        missing = self.what == "shape"
        return lambda weights, _: encode(weights, to)[:, missing:]

    def close(self):
        if self.what == "close":
            raise ValueError("no close")


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "m.gguf", shape=SHAPE))) as model:
        yield model


def test_a_strangers_calibration_makes_the_file(source, tmp_path):
    theirs = Doubling()
    quantizer = checked_quantizer("theirs", theirs)
    wish = chosen_output(source, quantizer, None, tmp_path / "new.gguf", n_threads=1)
    finish(convert_all(source, [wish], n_threads=1))

    made = open_checkpoint(tmp_path / "new.gguf")
    name = "blk.0.attn_norm.weight"
    before = source.read(name).view("<f4").astype(np.float16)
    assert isinstance(quantizer, CalibratedQuantizer)
    assert np.array_equal(made.read(name).view("<f2"), 2 * before)
    assert theirs.asked == [each.name for each in made.tensors]
    assert theirs.closed


def test_a_plan_cannot_ask_for_a_calibration_that_there_is_not(source):
    quantizer = checked_quantizer("theirs", Plain())

    assert not isinstance(quantizer, CalibratedQuantizer)
    with pytest.raises(PluginFailed, match="asks for a calibration, which it has not"):
        quantizer.plan(source.tensors, None)
    with pytest.raises(OctavoError, match="HALF has no calibration"):
        calibrate(source, Plain().plan(source.tensors, None), Plain(), None)


FAILURES = {
    "start": "calibrating HALF",
    "tensor": "calibrating blk.0.attn_q.weight",
    "rows": "encoding blk.0.attn_q.weight",
    "shape": r"did not return uint8\[2, 128\] for F16",
    "close": "ending the calibration of HALF",
}


@pytest.mark.parametrize(("what", "said"), FAILURES.items(), ids=FAILURES.keys())
def test_what_fails_in_it_is_told_with_the_plugins_name(source, what, said):
    quantizer = checked_quantizer("theirs", Failing(what))

    with pytest.raises(PluginFailed, match=said) as failure:
        ask(quantizer, source)
    assert failure.value.message.startswith("theirs: ")


def test_its_own_refusal_reaches_people_as_it_is(source):
    with pytest.raises(OctavoError, match=r"^This model has no soul\.$"):
        ask(checked_quantizer("theirs", Failing("refusal")), source)


def ask(quantizer, source):
    plan = quantizer.plan(source.tensors, None)
    calibration = calibrate(source, plan, quantizer, None)
    tensor = source.tensor("blk.0.attn_q.weight")
    encoder = finish(calibration.encoder(tensor, block_type("F16")))
    encoder(np.ones((2, 64), np.float32), 0)
    calibration.close()
