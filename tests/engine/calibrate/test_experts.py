"""Models with experts: each expert is rounded knowing the tokens that went through it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.experts import WITH_EXPERTS
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode, encode
from octavo.engine.blocks.types import block_type
from octavo.engine.calibrate.best import DAMPING, BestCalibration
from octavo.engine.calibrate.calibrate import why_not_best
from octavo.engine.calibrate.expert_encoder import ExpertEncoder, with_own_feedback
from octavo.engine.calibrate.feedback import encode_with_feedback, make_feedback
from octavo.engine.calibrate.forecast import calibration_bytes, forecast_seconds
from octavo.engine.calibrate.layers import Layers
from octavo.engine.calibrate.routed import FEWEST_TOKENS, RoutedInputs
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.progress import finish
from octavo.engine.quantize.quantizer import Plan

SHAPE = Shape(n_layers=2, n_embedding=64, n_feed_forward=96, n_heads=2, n_kv_heads=1, head_size=32)
TO = block_type("Q4_0")
IDS = np.random.default_rng(5).integers(0, 200, (6, 60))


class Rounding:
    """A quantizer that does what it is told."""

    name = "Q4_0"

    def encode(self, weights, kind, importance):
        return encode(weights, kind, importance)


@pytest.fixture(scope="module", params=WITH_EXPERTS)
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("experts")
    checkpoint = open_checkpoint(write_tiny_hf_folder(folder, request.param, shape=SHAPE, dtype="F32"))
    yield checkpoint
    checkpoint.close()


def routed(model, layer, side):
    layers = Layers(model, IDS, 1)
    try:
        found = finish(layers.reach(layer))
    finally:
        layers.close()
    return next(each for product, each in found.items() if product.experts == side)


@pytest.mark.parametrize(("kind", "side"), [("gate", "in"), ("up", "in"), ("down", "out")])
def test_outputs_of_experts_are_nearer_than_when_rounded_alone(model, kind, side):
    tensor = model.tensor(f"blk.1.ffn_{kind}_exps.weight")
    inputs = routed(model, 1, side)
    weights = decode(model.read(tensor.name), tensor.block_type)
    calibration = BestCalibration(model, Rounding(), IDS, 1)
    found = finish(calibration.encoder(tensor, TO))(weights, 0)
    calibration.close()

    n_rows = tensor.rows // tensor.shape[0]
    best = alone = 0.0
    for expert in range(tensor.shape[0]):
        if inputs.n_tokens(expert) < FEWEST_TOKENS:
            continue
        rows = slice(expert * n_rows, (expert + 1) * n_rows)
        moments = inputs.moments(expert).astype(np.float64)
        for raw, total in ((found[rows], "best"), (encode(weights[rows], TO), "alone")):
            error = (decode(raw, TO) - weights[rows]).astype(np.float64)
            value = float(np.einsum("ij,jk,ik->", error, moments, error))
            best, alone = (best + value, alone) if total == "best" else (best, alone + value)
    assert 0 < best < 0.85 * alone


def test_every_token_goes_through_as_many_experts_as_are_used(model):
    n_experts, n_used = model.hyperparameters.n_experts, model.hyperparameters.n_experts_used
    for side in ("in", "out"):
        inputs = routed(model, 0, side)
        assert sum(inputs.n_tokens(each) for each in range(n_experts)) == IDS.size * n_used


def inputs_of(experts, columns=64):
    """Six windows of tokens that go through the given experts, and all their rows by expert."""
    random = np.random.default_rng(3)
    found, rows = RoutedInputs(columns), {}
    for _ in range(6):
        x = random.normal(size=(40, columns)).astype(np.float32)
        chosen = random.choice(experts, (40, 1))
        weights = random.uniform(0.2, 1, (40, 1)).astype(np.float32)
        found.add_tokens(x, chosen, weights)
        for token in range(40):
            rows.setdefault(int(chosen[token, 0]), []).append(x[token] * weights[token, 0])
    return found, rows


def test_an_expert_knows_its_own_tokens_weighted_by_the_router(monkeypatch):
    monkeypatch.setattr("octavo.engine.calibrate.moments.FIRST_TOKEN", 0.0)
    found, rows = inputs_of([0, 2])

    for expert in (0, 2):
        own = np.array(rows[expert])
        assert found.n_tokens(expert) == len(own)
        assert np.allclose(found.moments(expert), own.T @ own / len(own), rtol=1e-3, atol=1e-5)
    assert found.n_tokens(1) == 0


def own_encoder(inputs, expert):
    return with_own_feedback(inputs, expert, TO, lambda rows, _: encode(rows, TO), DAMPING)


def test_an_expert_that_saw_too_few_tokens_is_rounded_plainly():
    inputs, _ = inputs_of([0, 2])
    weights = np.random.default_rng(1).normal(size=(3 * 16, 64)).astype(np.float32)
    encoder = ExpertEncoder(16, lambda expert: own_encoder(inputs, expert), 2)

    found = encoder(weights, 0)

    moments = inputs.moments(2)
    fed_back = encode_with_feedback(weights[32:], TO, make_feedback(moments, np.diag(moments), DAMPING))
    assert (found[16:32] == encode(weights[16:32], TO)).all()
    assert (found[32:] == fed_back).all()
    assert (found[32:] != encode(weights[32:], TO)).any()


def test_pieces_in_any_order_from_many_threads_give_the_same_bytes():
    inputs, _ = inputs_of([0, 1, 2])
    weights = np.random.default_rng(1).normal(size=(3 * 16, 64)).astype(np.float32)

    def encoder():
        return ExpertEncoder(16, lambda expert: own_encoder(inputs, expert), 1)

    whole, shared = encoder()(weights, 0), encoder()
    with ThreadPoolExecutor(4) as threads:
        firsts = [40, 0, 24, 8, 16, 32]
        parts = threads.map(lambda first: shared(weights[first : first + 8], first), firsts)
        for first, part in zip(firsts, parts, strict=True):
            assert (part == whole[first : first + 8]).all()


def test_what_a_calibration_takes_counts_the_experts(model):
    plan = Plan({each.name: TO if each.is_matrix else each.block_type for each in model.tensors})
    stacks = 4 * sum(each.n_weights for each in model.tensors if each.is_expert) // SHAPE.n_layers

    assert why_not_best(model.card, plan) == ""
    assert calibration_bytes(model.card, plan, n_threads=1) > stacks
    assert forecast_seconds(model.card, plan, n_threads=1).seconds > 0
