"""What is estimated beside what a load then holds."""

from dataclasses import replace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.tiny_models import TINY

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.estimate.memory import estimate_memory, loaded_tensors, weights_bytes
from octavo.engine.estimate.speed import bytes_per_token
from octavo.engine.inference.loader import load_weights
from octavo.engine.progress import finish

THREE = replace(TINY, n_layers=3)


@pytest.fixture(params=["GGUF", "folder"])
def with_another_layer(request, tmp_path):
    """Of three layers two are the model's: the last is a head that foretells tokens, as some files have (MTP)."""
    if request.param == "GGUF":
        return write_tiny_gguf(tmp_path / "tiny.gguf", shape=THREE, fields={"llama.block_count": 2})
    return write_tiny_hf_folder(tmp_path, "llama", shape=THREE, config={"num_hidden_layers": 2})


def test_what_the_loader_skips_is_not_counted(with_another_layer):
    checkpoint = open_checkpoint(with_another_layer)
    card = checkpoint.card

    loaded = finish(load_weights(checkpoint, 1))

    assert any(each.name.startswith("blk.2.") or "layers.2" in each.name for each in card.tensors)
    assert {each.name for each in loaded_tensors(card)} == loaded.matrices.keys() | loaded.vectors.keys()
    # The loader fills vectors up to whole groups of rows.
    assert weights_bytes(card, None) == pytest.approx(loaded.n_bytes, rel=0.01)
    assert bytes_per_token(card, None) == weights_bytes(card, None)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gemma3", "mixtral"])
@pytest.mark.parametrize("tied", [True, False])
def test_every_family_takes_what_is_estimated(family, tied, tmp_path):
    checkpoint = open_checkpoint(write_tiny_gguf(tmp_path / "tiny.gguf", family, dtype="F16", tied=tied))

    loaded = finish(load_weights(checkpoint, 1))

    estimated = estimate_memory(checkpoint.card, None, context_tokens=64).weights_bytes
    assert estimated == pytest.approx(loaded.n_bytes, rel=0.01)
