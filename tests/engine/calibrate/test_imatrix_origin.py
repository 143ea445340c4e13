"""Importance matrices are recognised by the norms of the model that they were made with."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode
from octavo.engine.calibrate.imatrix_origin import check_origin
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import OctavoError

SHAPE = Shape(n_layers=3, n_embedding=64, n_feed_forward=96, n_heads=2, n_kv_heads=1, head_size=32)
BEHIND = {"attn_norm": "attn_q", "ffn_norm": "ffn_up"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = write_tiny_hf_folder(tmp_path_factory.mktemp("llama"), "llama", shape=SHAPE, dtype="F32")
    checkpoint = open_checkpoint(path)
    yield checkpoint
    checkpoint.close()


def made_with(model):
    """What llama-imatrix finds: mean squares of normed numbers, after the norm's weights."""
    random = np.random.default_rng(0)
    found = {}
    for layer in range(SHAPE.n_layers):
        for norm, matrix in BEHIND.items():
            name = f"blk.{layer}.{norm}.weight"
            weights = decode(model.read(name), model.tensor(name).block_type)[0]
            rows = random.standard_normal((50, len(weights))) * np.exp(random.standard_normal(len(weights)))
            rows /= np.sqrt(np.mean(rows**2, axis=1, keepdims=True))
            found[f"blk.{layer}.{matrix}.weight"] = np.mean((rows * weights) ** 2, axis=0, keepdims=True)
    return found


@pytest.mark.parametrize("scale", [1, 512])  # The second as old files have it, with sums over tokens.
def test_importances_made_with_the_model_are_taken(model, scale):
    check_origin({name: scale * each for name, each in made_with(model).items()}, model)


def test_those_of_a_model_trained_a_little_further_are_taken(model):
    random = np.random.default_rng(1)
    nearly = {
        name: each * (1 + 0.05 * random.standard_normal(each.shape))
        for name, each in made_with(model).items()
    }

    check_origin(nearly, model)


def test_those_of_a_model_with_other_norms_are_refused(model):
    others = {name: each * (1 + n) for n, (name, each) in enumerate(made_with(model).items())}

    with pytest.raises(OctavoError, match="made for another model") as caught:
        check_origin(others, model)
    assert "norms" in caught.value.hint


def test_importances_that_are_all_nothing_are_refused(model):
    with pytest.raises(OctavoError, match="made for another model"):
        check_origin({name: 0 * each for name, each in made_with(model).items()}, model)


def test_a_few_matrices_are_not_judged(model):
    few = dict(list(made_with(model).items())[:3])

    check_origin({name: each * (1 + n) for n, (name, each) in enumerate(few.items())}, model)
