"""What must happen before a model is loaded: memory admitted, kernels compiled."""

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_llama_gguf
from tests.fixtures.tiny_models import Shape

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import NotEnoughMemory, OctavoError
from octavo.engine.estimate.memory import estimate_memory
from octavo.engine.inference import needed_kernels
from octavo.engine.inference.session import load_session
from octavo.engine.progress import finish

MB = 1_000_000


@pytest.fixture
def checkpoint(tmp_path):
    opened = open_checkpoint(write_tiny_llama_gguf(tmp_path))
    yield opened
    opened.close()


def needed(checkpoint, context_tokens):
    return estimate_memory(checkpoint.card, None, context_tokens=context_tokens).total_bytes


def test_a_model_that_does_not_fit_is_refused_before_anything_is_read(checkpoint, monkeypatch):
    monkeypatch.setattr(type(checkpoint), "read", lambda *_: pytest.fail("a tensor was read"))

    with pytest.raises(NotEnoughMemory) as refused:
        finish(load_session(checkpoint, n_threads=1, available_bytes=100 * MB))

    assert refused.value.available == 100 * MB
    assert refused.value.needed > 100 * MB
    assert "100 MB are free" in refused.value.message
    assert refused.value.hint


def test_what_does_not_fit_is_loaded_all_the_same_by_force(checkpoint):
    session = finish(load_session(checkpoint, n_threads=1, available_bytes=100 * MB, force=True))

    assert session.context_tokens == checkpoint.hyperparameters.context_length
    session.close()


def test_the_context_is_the_models_own_where_nobody_chose_one(checkpoint):
    session = finish(load_session(checkpoint, n_threads=1))

    assert session.context_tokens == checkpoint.hyperparameters.context_length
    session.close()


def test_a_shorter_context_is_taken_where_only_that_fits(tmp_path):
    path = tmp_path / "long.gguf"
    write_tiny_gguf(path, shape=Shape(context_length=8192))
    checkpoint = open_checkpoint(path)
    available = int(needed(checkpoint, 2048) / 0.9) + MB // 10

    session = finish(load_session(checkpoint, n_threads=1, available_bytes=available))

    assert 1792 <= session.context_tokens <= 2304
    session.close()
    checkpoint.close()


def test_an_unknown_kv_cache_is_refused(checkpoint):
    with pytest.raises(OctavoError, match="no KV cache of type"):
        finish(load_session(checkpoint, kv_type="q3"))


def test_progress_names_the_kernels_that_compile(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("OCTAVO_KERNEL_CACHE", str(tmp_path / "kernels"))
    for each in (needed_kernels.program.announce, needed_kernels.program.work):
        monkeypatch.setattr(each, "_code", None)
    seen = []

    finish(needed_kernels.compile_kernels(checkpoint, "f16"), seen.append)

    assert seen[0].label.startswith("compile ")
    assert {each.n_steps for each in seen} == {2}


def test_warming_covers_what_common_models_need():
    names = {each.__name__ for each in needed_kernels.common_entries()}

    assert {"run", "work", "announce", "sample", "attend_f16", "attend_q8_0", "repack_rows"} <= names
    assert {"matvec_q8_0", "panel_q5_0", "repack_q4_k", "tiles_scaled_16", "tiles_float"} <= names
