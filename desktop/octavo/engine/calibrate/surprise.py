"""How much a text surprises a model: layer by layer, so that memory holds one layer and a part of the vocabulary."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from octavo.engine.calibrate.library_threads import keep_products_in_one_thread
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.inference.layered import LayeredModel

Floats = npt.NDArray[np.float32]
_VOCABULARY_AT_ONCE = 2048


def surprises(checkpoint: Checkpoint, windows: npt.NDArray[np.int64], n_threads: int = 0) -> list[float]:
    """Mean negative log-likelihood of each window's tokens but the first, nats a token.

    Parameters
    ----------
    windows : int64[windows, tokens]
    n_threads : int
        0 for all usable cores.
    """
    keep_products_in_one_thread()
    model = LayeredModel(checkpoint, windows.shape[1], n_threads, is_fixed=True)
    with contextlib.closing(model):
        streams = [model.embed(each) for each in windows]
        for layer in range(model.shape.n_layers):
            model.lend_layer(layer)
            for hidden in streams:
                model.run(layer, hidden)
            model.drop(layer)
        return [_surprise(model, *each) for each in zip(streams, windows, strict=True)]


def _surprise(model: LayeredModel, hidden: Floats, ids: npt.NDArray[np.int64]) -> float:
    """Of one window; by the sum of exponents so far, and the largest of them (log-sum-exp)."""
    squares = np.einsum("ij,ij->i", hidden, hidden) / hidden.shape[1]
    normed = (
        hidden / np.sqrt(squares + model.shape.norm_epsilon)[:, None] * model.vector("output_norm.weight")
    )
    inputs, wanted = normed[:-1].astype(np.float32), ids[1:]
    largest = np.full(len(wanted), -np.inf)
    total, own = np.zeros(len(wanted)), np.zeros(len(wanted))
    for first, logits in _logits(model, inputs):
        higher = np.maximum(largest, logits.max(axis=1))
        total = total * np.exp(largest - higher) + np.exp(logits - higher[:, None]).sum(axis=1)
        largest = higher
        here = (wanted >= first) & (wanted < first + logits.shape[1])
        own[here] = logits[here, wanted[here] - first]
    return float((largest + np.log(total) - own).mean())


def _logits(model: LayeredModel, inputs: Floats) -> Iterator[tuple[int, Floats]]:
    """Parts of the vocabulary: the first token's number, and float32[tokens, part]."""
    shape = model.shape
    name = "output.weight" if model.has("output.weight") else "token_embd.weight"
    for first in range(0, shape.n_vocabulary, _VOCABULARY_AT_ONCE):
        rows = model.rows(name, first, min(_VOCABULARY_AT_ONCE, shape.n_vocabulary - first))
        logits: Floats = inputs @ rows.T / np.float32(shape.logit_scale)
        if shape.final_soft_cap:
            logits = np.tanh(logits / shape.final_soft_cap) * np.float32(shape.final_soft_cap)
        yield first, logits
