"""A stranger's quantizer that fails: one sentence with its name, nothing left on the disk, and all others go on."""

import contextlib
import dataclasses
import sys
import threading

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import Shape

from octavo.api import OctavoError, Plan, block_type, encode
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert import encode_speed, one_pass
from octavo.engine.convert.convert import convert_all
from octavo.engine.convert.forecast import forecast
from octavo.engine.convert.output import Output
from octavo.engine.errors import PluginFailed
from octavo.engine.estimate.fit import fit_rows
from octavo.engine.hardware.pools import MemoryPool
from octavo.engine.progress import finish
from octavo.plugin import guarded as guarding
from octavo.plugin.guarded import checked_quantizer
from octavo.plugin.host import PluginHost

SHAPE = Shape(n_layers=1, n_embedding=64, n_feed_forward=96, n_heads=2, n_kv_heads=1, context_length=64)


class Theirs:
    """Makes Q8_0 of matrices, until a test makes something else of it."""

    name = "THEIRS"
    summary = "Another way."
    format = "gguf"

    def plan(self, tensors, options):
        return Plan({t.name: block_type("Q8_0") if t.is_matrix else t.block_type for t in tensors})

    def encode(self, weights, block_type, importance):
        return encode(weights, block_type)


def refuse(*_):
    raise OctavoError("Only for models of whales.")


PLANS = {
    "raises": (lambda tensors, _: {}["blk.99"], "planning THEIRS failed with KeyError: 'blk.99'"),
    "exits": (lambda *_: sys.exit(3), "planning THEIRS failed with SystemExit: 3"),
    "is none": (lambda *_: None, "its plan for THEIRS is no Plan"),
    "misses one": (
        lambda tensors, _: Plan({each.name: each.block_type for each in tensors[1:]}),
        "does not match the model's tensors (token_embd.weight)",
    ),
    "does not fit": (
        lambda tensors, _: Plan({each.name: block_type("Q4_K") for each in tensors}),
        "which its rows do not fit",
    ),
}
ENCODERS = {
    "raises": (lambda *_: 1 / 0, "encoding Q8_0 failed with ZeroDivisionError: division by zero"),
    "exits": (lambda *_: sys.exit(3), "encoding Q8_0 failed with SystemExit: 3"),
    "cuts off": (lambda w, to, _: encode(w, to)[:, :-2], "THEIRS did not return uint8["),
    "has another type": (lambda w, to, _: encode(w, to).view(np.int8), "THEIRS did not return uint8["),
    "writes rubbish": (
        lambda w, to, _: np.full_like(encode(w, to), 255),
        "THEIRS gave Q8_0 numbers that are not finite",
    ),
}


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "m.gguf", shape=SHAPE))) as model:
        yield model


def theirs(*, is_strange=True, **methods):
    quantizer = Theirs()
    for name, method in methods.items():
        setattr(quantizer, name, method)
    return checked_quantizer("stranger", quantizer, is_strange=is_strange)


@pytest.mark.parametrize("kind", PLANS)
def test_a_plan_that_fails_is_told_with_the_plugins_name(kind, source):
    plan, said = PLANS[kind]

    with pytest.raises(PluginFailed) as failure:
        theirs(plan=plan).plan(source.tensors, None)

    assert failure.value.message.startswith("stranger: ")
    assert said in failure.value.message


def test_a_stranger_s_own_refusal_reaches_people_as_it_is(source):
    with pytest.raises(OctavoError, match=r"^Only for models of whales\.$"):
        theirs(plan=refuse).plan(source.tensors, None)


def test_a_plan_that_does_not_end_is_given_up_and_not_asked_for_again(source, monkeypatch):
    monkeypatch.setattr(guarding, "SECONDS_TO_PLAN", 0.05)
    gate, asked = threading.Event(), []

    def plan(*_):
        asked.append(1)
        gate.wait(60)

    quantizer = theirs(plan=plan)
    for _ in range(3):
        with pytest.raises(PluginFailed, match=r"^stranger: planning THEIRS took more than 0\.05 s"):
            quantizer.plan(source.tensors, None)
    gate.set()

    assert len(asked) == 1


def test_the_rows_of_the_others_stay_when_a_plan_fails(source):
    formats = [theirs(plan=PLANS["raises"][0]), PluginHost().quantizer("Q8_0")]
    pools = [MemoryPool("Memory", "ram", 10**10, 10**10)]

    _, broken, sound = fit_rows(source.card, formats, context_tokens=64, pools=pools)

    assert "stranger: planning THEIRS failed" in broken.sentence
    assert sound.file_bytes > 0


@pytest.mark.parametrize("kind", ENCODERS)
def test_encoding_that_fails_is_told_with_the_plugins_name_and_leaves_nothing(kind, source, tmp_path):
    encoder, said = ENCODERS[kind]
    wishes = [
        Output(theirs(encode=encoder), None, tmp_path / "theirs.gguf"),
        Output(PluginHost().quantizer("Q8_0"), None, tmp_path / "ours.gguf"),
    ]

    with pytest.raises(PluginFailed) as failure:
        finish(convert_all(source, wishes))

    assert failure.value.message.startswith("stranger: ")
    assert said in failure.value.message
    assert [each.name for each in tmp_path.iterdir()] == ["m.gguf"]


def test_what_came_with_octavo_is_not_looked_into(source, tmp_path):
    quantizer = theirs(encode=ENCODERS["writes rubbish"][0], is_strange=False)

    assert quantizer.encode(np.ones((1, 32), np.float32), block_type("Q8_0"), None).min() == 255


def test_encoding_that_does_not_end_is_given_up_by_the_forecast(source, tmp_path, monkeypatch):
    monkeypatch.setattr(encode_speed, "_SECONDS_ALLOWED", 0.05)
    gate = threading.Event()
    wish = Output(theirs(encode=lambda *_: gate.wait(60)), None, tmp_path / "theirs.gguf")
    monkeypatch.setattr(encode_speed.EncodeSpeed, "decode", lambda *_: 1e-9)
    monkeypatch.setattr(encode_speed.EncodeSpeed, "copy", lambda *_: 1e-9)

    with pytest.raises(PluginFailed, match=r"^stranger: encoding Q8_0 took more than 0\.05 s"):
        forecast(source, [wish])
    gate.set()


def test_options_that_need_a_value_are_refused_when_the_plugin_is_loaded():
    @dataclasses.dataclass(frozen=True)
    class Options:
        bits: int

    with pytest.raises(PluginFailed, match="stranger: Theirs is no quantizer: Options cannot be made"):
        theirs(Options=Options)


def test_a_conversion_whose_encoder_does_not_end_can_be_cancelled(source, tmp_path, monkeypatch):
    monkeypatch.setattr(one_pass, "_PATIENCE_SECONDS", 0.05)
    gate, begun = threading.Event(), threading.Event()

    def encoder(weights, to, _):
        begun.set()
        gate.wait(60)
        return encode(weights, to)

    def interrupted(rows):
        assert begun.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr("concurrent.futures.Future.result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        finish(convert_all(source, [Output(theirs(encode=encoder), None, tmp_path / "theirs.gguf")]))

    assert not gate.is_set()
    assert [each.name for each in tmp_path.iterdir()] == ["m.gguf"]
    gate.set()
