"""Text runs through a model layer by layer to tell what it predicts, and gives what the whole model gives."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import numpy as np
import pytest

from octavo.engine.calibrate import surprise
from octavo.engine.calibrate.surprise import surprises
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.inference.session import load_session
from octavo.engine.progress import finish

FAMILIES = Path(__file__).parents[2] / "data" / "families"
IDS = np.random.default_rng(3).integers(3, 60, (2, 20))


def by_a_session(model, ids):
    """Nats a token, from the logits of the loaded model."""
    with contextlib.closing(finish(load_session(model, context_tokens=32, kv_type="f32"))) as session:
        logits = np.concatenate([rows.copy() for rows in session.each_logits(list(ids))])[: len(ids) - 1]
    logits = logits.astype(np.float64)
    total = np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)) + logits.max(axis=1)
    return float((total - logits[np.arange(len(ids) - 1), ids[1:]]).mean())


@pytest.mark.parametrize("family", ["llama", "gemma2", "granite", "qwen3_moe"])
def test_it_is_what_the_loaded_model_says(monkeypatch, family):
    monkeypatch.setattr(surprise, "_VOCABULARY_AT_ONCE", 48)
    with contextlib.closing(open_checkpoint(FAMILIES / family)) as model:
        found = surprises(model, IDS, 1)

        assert found == pytest.approx([by_a_session(model, ids) for ids in IDS], rel=1e-3)
        assert all(each > 0.5 * math.log(model.hyperparameters.n_vocabulary) for each in found)
