"""How long a calibration will take: one layer of the model's own shape is tried on this machine for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.calibrate.feedback import can_feed_back, encode_with_feedback, make_feedback
from octavo.engine.calibrate.layers import Layers, compile_calibration
from octavo.engine.calibrate.windows import N_WINDOWS, WINDOW_TOKENS
from octavo.engine.checkpoint.model import Field, Hyperparameters, ModelCard, TensorInfo
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.progress import finish
from octavo.engine.quantize.quantizer import Plan

# Weights of the layer tried in one window of full length; larger layers are tried with fewer tokens.
_TRIED = 4e6
_ROWS = 64
# Windows that run before the clock does, and those that it times.
_UNCOUNTED, _COUNTED = 2, 4
# A factorization of this many columns is timed; larger ones grow with the cube.
_FACTORED = 1024


class _OneLayer:
    """A checkpoint of a model's first layer, whose weights are noise."""

    container = "gguf"

    def __init__(self, card: ModelCard) -> None:
        shape = card.hyperparameters
        self.path = Path(card.path)
        self.hyperparameters: Hyperparameters = replace(shape, n_layers=1)
        kept = [each for each in card.tensors if not each.name.startswith("blk.") or ".0." in each.name[:6]]
        self.tensors: Sequence[TensorInfo] = [replace(each, block_type=block_type("F32")) for each in kept]
        self.fields: Mapping[str, Field] = {}
        self.card = card
        # Small, as weights are: large ones would make attention all or nothing, which takes another time.
        self._noise = np.random.default_rng(0).normal(0, 0.02, 1 << 16).astype(np.float32)

    def tensor(self, name: str) -> TensorInfo | None:
        """The tensor of that name, or None."""
        return next((each for each in self.tensors if each.name == name), None)

    def read(self, name: str, first_row: int = 0, n_rows: int | None = None) -> npt.NDArray[np.uint8]:
        """Rows of noise."""
        tensor = self.tensor(name)
        assert tensor is not None  # asked for by its own program
        rows = tensor.rows - first_row if n_rows is None else n_rows
        return np.resize(self._noise, (rows, tensor.columns)).view(np.uint8)

    def files(self) -> Sequence[Path]:
        """None."""
        return []

    def unchanged(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing is open."""


def forecast_seconds(card: ModelCard, plan: Plan, *, n_windows: int = N_WINDOWS, n_threads: int = 0) -> float:
    """Seconds that the best mode takes on this machine, as busy as it is now; found in about a second.

    Parameters
    ----------
    card : ModelCard
    plan : Plan
        What the conversion writes.
    """
    n_threads = n_threads or usable_threads()
    finish(compile_calibration())
    window = max(2, min(WINDOW_TOKENS, card.hyperparameters.context_length))
    layer = [each for each in card.tensors if each.name.startswith("blk.0.") and each.is_matrix]
    n_weights = sum(each.n_weights for each in layer)
    tokens = int(min(window, max(32, window * _TRIED / max(n_weights, 1))))
    first = _layer_seconds(card, tokens, n_threads) * n_windows * window / tokens
    second = sum(_encode_seconds(each, plan.types[each.name]) for each in layer) / n_threads
    factors = sum(_factor_seconds(columns) for columns in {each.columns for each in layer})
    return card.hyperparameters.n_layers * (first + second + factors)


def _layer_seconds(card: ModelCard, tokens: int, n_threads: int) -> float:
    """Of one window through one layer, with its moments."""
    ids = np.arange(tokens, dtype=np.int64) % card.hyperparameters.n_vocabulary
    layers = Layers(_OneLayer(card), np.stack([ids] * (_UNCOUNTED + _COUNTED + 1)), n_threads)
    try:
        steps = layers.reach(0)
        times = [(next(steps), time.perf_counter())[1] for _ in range(_UNCOUNTED + _COUNTED + 1)]
        steps.close()
    finally:
        layers.close()
    return (times[-1] - times[_UNCOUNTED]) / _COUNTED


def _factor_seconds(columns: int) -> float:
    n = min(columns, _FACTORED)
    random = np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)
    moments = random @ random.T
    return _seconds(lambda: make_feedback(moments, np.diag(moments), 0.1)) * (columns / n) ** 3


def _encode_seconds(tensor: TensorInfo, to: BlockType) -> float:
    """Of all rows, from a few, in one thread."""
    if not can_feed_back(to):
        return 0.0
    random = np.random.default_rng(0)
    weights = random.normal(size=(_ROWS, tensor.columns)).astype(np.float32)
    columns = min(tensor.columns, 4096)
    columns -= columns % to.n_weights
    feedback = make_feedback(np.eye(columns, dtype=np.float32), np.ones(columns, np.float32), 0.1)
    weights = np.ascontiguousarray(weights[:, :columns])
    seconds = _seconds(lambda: encode_with_feedback(weights, to, feedback))
    # Each column takes over errors of all columns before it.
    return seconds * tensor.rows / _ROWS * (tensor.columns / columns) ** 2


def _seconds(work: Callable[[], object]) -> float:
    """Of the second time: what is compiled or allocated once does not count."""
    work()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
