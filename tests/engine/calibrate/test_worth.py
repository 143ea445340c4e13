"""Calibration is left out where the model has learnt nothing that text could bring out."""

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.api import MixtureOptions
from octavo.engine.calibrate.worth import predicts_text, settled_effort
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.quantize.quantizer import Plan
from octavo.store.library import demo_model


@pytest.fixture
def untrained(tmp_path):
    return open_checkpoint(write_tiny_gguf(tmp_path / "tiny.gguf", dtype="Q8_0"))


def test_a_trained_model_predicts_text_and_random_weights_do_not(untrained):
    assert predicts_text(open_checkpoint(demo_model()))
    assert not predicts_text(untrained)


def test_what_was_asked_for_is_done(untrained):
    plan = Plan({each.name: each.block_type for each in untrained.tensors})

    assert settled_effort(untrained, plan, MixtureOptions(mode="quick")).mode == "quick"
    assert settled_effort(untrained, plan, MixtureOptions(mode="best")).mode == "best"
    left_out = settled_effort(untrained, plan, MixtureOptions(mode="auto"))
    assert (left_out.mode, "better than chance" in left_out.reason) == ("quick", True)
