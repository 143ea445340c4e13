"""All families compute what plain numpy computes from the same folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.engine.inference.plain_forward import PlainModel
from tests.engine.inference.sessions import after, session_of, some_ids, stepped
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.experts import WITH_EXPERTS
from tests.fixtures.tiny_models import FAMILIES, TINY

from octavo.engine.progress import finish

SHAPE = replace(TINY, n_layers=7, n_embedding=64, n_feed_forward=96, head_size=32, n_heads=2, n_kv_heads=1)
N_TOKENS = 150
SCALINGS = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
}


def distance(found, wanted, family):
    """The largest difference of logits; with experts of nine tenths of the tokens, for rounding may choose others."""
    worst = np.abs(found - wanted).max(axis=1)
    return np.quantile(worst, 0.9) if family in WITH_EXPERTS else worst.max()


@pytest.fixture(scope="module", params=FAMILIES)
def tiny(request, tmp_path_factory):
    """A folder in float32, some ids, and their true logits."""
    family = request.param
    folder = write_tiny_hf_folder(
        tmp_path_factory.mktemp("models") / family, family, shape=SHAPE, dtype="F32", tied=family != "llama"
    )
    model = PlainModel(folder)
    ids = some_ids(N_TOKENS, 200)
    return folder, ids, model.logits(ids)


@pytest.mark.parametrize(("kv_type", "allowed"), [("f32", 1e-4), ("f16", 1e-2), ("q8_0", 0.15)])
def test_logits_of_all_tokens_are_those_of_plain_numpy(tiny, kv_type, allowed):
    folder, ids, wanted = tiny
    with session_of(folder, kv_type=kv_type) as session:
        found = finish(session.logits(ids))

    assert found.shape == wanted.shape
    if kv_type == "f32":
        assert np.abs(found - wanted).max() < allowed
    assert distance(found, wanted, folder.name) < allowed


def test_tokens_read_one_by_one_give_the_same_as_together(tiny):
    folder, ids, wanted = tiny
    with session_of(folder, kv_type="f32") as session:
        assert np.abs(stepped(session, ids) - wanted).max() < 1e-4


def test_portions_of_any_size_give_the_same_as_one_by_one(tiny):
    folder, ids, wanted = tiny
    with session_of(folder, kv_type="f32", n_threads=2) as session:
        start = 0
        for n in (2, 1, 7, 64, 1, 9, 66):
            row = after(session, ids[start : start + n])
            start += n
            assert np.abs(row - wanted[start - 1]).max() < 1e-4
        assert session.tokens == ids


@pytest.mark.parametrize("family", FAMILIES)
def test_half_precision_weights_are_multiplied_exactly(family, tmp_path):
    folder = write_tiny_hf_folder(tmp_path, family, shape=SHAPE, dtype="BF16")
    ids = some_ids(40, 200)
    with session_of(folder, kv_type="f32") as session:
        assert np.abs(finish(session.logits(ids)) - PlainModel(folder).logits(ids)).max() < 1e-4


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("dtype", "allowed"), [("F32", 1e-4), ("Q8_0", 0.25)])
def test_a_gguf_file_gives_the_logits_of_its_folder(family, dtype, allowed, tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "folder", family, dtype="F32")
    file = write_tiny_gguf(tmp_path / "tiny.gguf", family, dtype=dtype)
    ids = some_ids(40, 200)
    with session_of(file, kv_type="f32") as session:
        assert distance(finish(session.logits(ids)), PlainModel(folder).logits(ids), family) < allowed


@pytest.mark.parametrize("scaling", SCALINGS)
def test_stretched_positions_turn_as_transformers_turns_them(scaling, tmp_path):
    rope = {"rope_theta": 1e4, **SCALINGS[scaling]}
    folder = write_tiny_hf_folder(
        tmp_path, "llama", shape=SHAPE, dtype="F32", config={"rope_parameters": rope}
    )
    ids = some_ids(N_TOKENS, 200)
    with session_of(folder, kv_type="f32") as session:
        assert np.abs(finish(session.logits(ids)) - PlainModel(folder).logits(ids)).max() < 1e-4


def test_a_window_far_behind_the_context_is_kept_in_a_ring(tmp_path):
    shape = replace(SHAPE, context_length=2048)
    folder = write_tiny_hf_folder(tmp_path, "gemma3", shape=shape, dtype="F32", config={"sliding_window": 32})
    ids = some_ids(1200, 200)
    wanted = PlainModel(folder).logits(ids)

    with session_of(folder, kv_type="f32", context_tokens=1216, n_threads=2) as session:
        row = after(session, ids[:1190])
        steps = stepped(session, ids[1190:])
        everything = finish(session.logits(ids))

    assert np.abs(row - wanted[1189]).max() < 1e-4
    assert np.abs(steps - wanted[1190:]).max() < 1e-4
    assert np.abs(everything - wanted).max() < 1e-4
