"""A model run layer by layer: the same activations as a session, and the place of every matrix."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.engine.inference.sessions import session_of, some_ids
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.experts import WITH_EXPERTS
from tests.fixtures.tiny_models import FAMILIES, TINY

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.inference.layered import LayeredModel
from octavo.engine.inference.program_steps import Product
from octavo.engine.progress import finish

DATA = Path(__file__).parents[2] / "data" / "families"
ALL = sorted(DATA.iterdir())
SMALL = replace(TINY, n_embedding=64, n_feed_forward=96, head_size=32, n_heads=2, n_kv_heads=1)


def lend_all(model, layer):
    model.lend_layer(layer)


def final_inputs(model, ids):
    """What goes into the output matrix: the residual stream behind all layers, through the last norm."""
    hidden = model.embed(np.array(ids))
    for layer in range(model.shape.n_layers):
        lend_all(model, layer)
        model.run(layer, hidden)
        model.drop(layer)
    mean = np.sqrt((hidden**2).mean(axis=1, keepdims=True) + model.shape.norm_epsilon)
    return hidden / mean * model.vector("output_norm.weight")


def output_matrix(model, path):
    """The output matrix, which may be the embedding."""
    with closing(open_checkpoint(path)) as checkpoint:
        is_tied = checkpoint.tensor("output.weight") is None
    return model.read("token_embd.weight" if is_tied else "output.weight")


@pytest.fixture
def opened():
    models = []

    def open_model(path, **options):
        checkpoint = open_checkpoint(path)
        model = LayeredModel(checkpoint, n_threads=2, **options)
        models.append((checkpoint, model))
        return model

    yield open_model
    for checkpoint, model in models:
        model.close()
        checkpoint.close()


@pytest.mark.parametrize("kind", FAMILIES)
def test_layers_one_by_one_give_what_a_session_gives(kind, tmp_path, opened):
    path = write_tiny_hf_folder(tmp_path, kind, shape=SMALL, dtype="F32")
    ids = some_ids(40, 200)
    model = opened(path, window_tokens=64)
    with session_of(path, kv_type="f32") as session:
        expected = finish(session.logits(ids))

    found = final_inputs(model, ids) @ output_matrix(model, path).T

    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize("folder", ALL, ids=lambda each: each.name)
def test_every_family_is_cut_where_a_session_multiplies(folder, opened):
    ids = some_ids(20, 200)
    model = opened(folder, window_tokens=32)
    with session_of(folder, context_tokens=32, kv_type="f32") as session:
        expected = finish(session.logits(ids))

    found = final_inputs(model, ids) @ output_matrix(model, folder).T / model.shape.logit_scale
    if model.shape.final_soft_cap:
        found = model.shape.final_soft_cap * np.tanh(found / model.shape.final_soft_cap)

    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
@pytest.mark.parametrize("n_tokens", [3, 40])
def test_weights_of_16_bits_give_what_the_same_in_32_give(dtype, n_tokens, tmp_path, opened):
    path = write_tiny_hf_folder(tmp_path, "llama", shape=SMALL, dtype=dtype)
    ids = some_ids(n_tokens, 200)

    expected = final_inputs(opened(path, window_tokens=64), ids)
    model = opened(path, window_tokens=64, is_fixed=True)
    found = final_inputs(model, ids)

    assert np.array_equal(found, expected)
    with pytest.raises(AssertionError):
        model.lend("blk.0.attn_q.weight", model.read("blk.0.attn_q.weight"))


def test_every_matrix_of_a_layer_has_its_place(tmp_path, opened):
    model = opened(write_tiny_hf_folder(tmp_path, "llama", shape=SMALL, dtype="F32"), window_tokens=8)

    found = {product.tensors: product.norm for product in model.products(1)}

    assert found == {
        ("blk.1.attn_q.weight", "blk.1.attn_k.weight", "blk.1.attn_v.weight"): "blk.1.attn_norm.weight",
        ("blk.1.attn_output.weight",): "",
        ("blk.1.ffn_gate.weight", "blk.1.ffn_up.weight"): "blk.1.ffn_norm.weight",
        ("blk.1.ffn_down.weight",): "",
    }


@pytest.mark.parametrize("kind", WITH_EXPERTS)
def test_experts_are_shown_with_the_tokens_that_go_through_them(kind, tmp_path, opened):
    model = opened(write_tiny_hf_folder(tmp_path, kind, shape=SMALL, dtype="F32"), window_tokens=32)
    hidden = model.embed(np.array(some_ids(20, 200)))
    seen, chosen = {}, []

    def see(product, inputs):
        seen[product] = inputs.copy()
        if product.experts:
            chosen.append(model.choices(20))

    before = hidden.copy()
    model.lend_layer(0)
    model.run(0, hidden, see)

    into, out = (next(each for each in seen if each.experts == side) for side in ("in", "out"))
    assert into == Product(
        ("blk.0.ffn_gate_exps.weight", "blk.0.ffn_up_exps.weight"), "blk.0.ffn_norm.weight", "in"
    )
    assert out == Product(("blk.0.ffn_down_exps.weight",), "", "out")
    experts, weights = chosen[0]
    assert np.array_equal(experts, chosen[1][0])
    matrices = {}
    for name in (*into.tensors, *out.tensors):
        n_experts = model.shape.n_experts
        matrices[name] = model.read(name).reshape(n_experts, -1, model.read(name).shape[1])
    gate, up, down = matrices.values()
    rows, branch = [], np.zeros_like(hidden)
    for expert in range(model.shape.n_experts):
        for token, place in zip(*np.nonzero(experts == expert), strict=True):
            x = seen[into][token]
            g = gate[expert] @ x
            rows.append(weights[token, place] * (g / (1 + np.exp(-g)) * (up[expert] @ x)))
            branch[token] += down[expert] @ rows[-1]
    assert np.abs(np.array(rows) - seen[out]).max() < 1e-5 * max(1, np.abs(rows).max())
    attended = next(x for each, x in seen.items() if "attn_output" in each.tensors[0])
    expected = before + attended @ model.read("blk.0.attn_output.weight").T + branch
    assert np.abs(hidden - expected).max() < 1e-4 * np.abs(expected).max()


def test_inputs_of_a_product_are_the_normed_residual_stream(tmp_path, opened):
    model = opened(write_tiny_hf_folder(tmp_path, "llama", shape=SMALL, dtype="F32"), window_tokens=8)
    hidden = model.embed(np.array(some_ids(8, 200)))
    mean = np.sqrt((hidden**2).mean(axis=1, keepdims=True) + model.shape.norm_epsilon)
    expected = hidden / mean * model.vector("blk.0.attn_norm.weight")
    seen = []
    lend_all(model, 0)

    model.run(0, hidden, lambda _, inputs: seen.append(inputs.copy()))

    assert np.abs(seen[0] - expected).max() < 1e-5


def test_a_changed_norm_counts_in_the_next_run(tmp_path, opened):
    model = opened(write_tiny_hf_folder(tmp_path, "llama", shape=SMALL, dtype="F32"), window_tokens=8)
    hidden = model.embed(np.array(some_ids(8, 200)))
    seen = []
    lend_all(model, 0)
    for factor in (1, 2):
        model.vector("blk.0.attn_norm.weight")[...] *= factor
        model.run(0, hidden.copy(), lambda _, inputs: seen.append(inputs.copy()))

    assert np.abs(seen[4] - 2 * seen[0]).max() < 1e-5
