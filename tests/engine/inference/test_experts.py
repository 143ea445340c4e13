"""Sessions of models with a mixture of experts."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine.inference.sessions import after, session_of, some_ids, stepped
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.experts import WITH_EXPERTS

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.estimate.memory import estimate_memory
from octavo.engine.inference import needed_kernels
from octavo.engine.kernels import experts


@pytest.fixture(scope="module", params=WITH_EXPERTS)
def model(request, tmp_path_factory):
    return write_tiny_gguf(tmp_path_factory.mktemp("models") / "m.gguf", request.param, dtype="Q8_0")


@pytest.mark.parametrize("n_threads", [2, 3, 4])
def test_threads_do_not_change_a_bit(model, n_threads):
    ids = some_ids(50, 200)

    def run(n):
        with session_of(model, n_threads=n) as session:
            return after(session, ids[:40]), stepped(session, ids[40:])

    for found, wanted in zip(run(n_threads), run(1), strict=True):
        assert np.array_equal(found, wanted)


def test_loaded_experts_take_what_was_estimated(model):
    with session_of(model, context_tokens=64) as session:
        checkpoint = open_checkpoint(model)
        estimate = estimate_memory(checkpoint.card, None, context_tokens=64)
        checkpoint.close()

        assert session.weights_bytes == estimate.weights_bytes
        assert session.predicted_bytes == estimate.total_bytes - estimate.program_bytes


def test_a_saved_cache_of_other_experts_is_refused(model, tmp_path):
    other = write_tiny_gguf(tmp_path / "m.gguf", "qwen3moe", dtype="Q8_0", seed=1)
    prints = []
    for path in (model, other):
        with session_of(path) as session:
            prints.append(session._weights.fingerprint())

    assert prints[0] != prints[1]


@pytest.mark.parametrize("family", ["llama", *WITH_EXPERTS])
def test_only_models_with_experts_compile_their_kernels(family, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(needed_kernels, "compile_ahead", lambda entries, _: asked.extend(entries) or iter(()))
    checkpoint = open_checkpoint(write_tiny_gguf(tmp_path / "m.gguf", family))
    list(needed_kernels.compile_kernels(checkpoint, "f16"))
    checkpoint.close()

    assert (set(experts.ENTRIES) <= set(asked)) == (family in WITH_EXPERTS)
    assert not set(experts.ENTRIES) & set(needed_kernels.common_entries())


def test_probabilities_that_do_not_add_up_to_one_stay_so(tmp_path):
    ids = some_ids(20, 200)
    rows = []
    for flag in (True, False):
        folder = write_tiny_hf_folder(tmp_path / str(flag), "qwen3moe", config={"norm_topk_prob": flag})
        with session_of(folder, kv_type="f32") as session:
            rows.append(after(session, ids))

    assert np.abs(rows[0] - rows[1]).max() > 0.1
