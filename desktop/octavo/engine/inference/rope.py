"""The turning speeds of rotary embeddings, with the scalings that stretch a model's context."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.model import Hyperparameters


def chosen_factors(
    shape: Hyperparameters, vectors: Mapping[str, npt.NDArray[np.float32]], context_tokens: int
) -> npt.NDArray[np.float32] | None:
    """The tensor whose factors divide the speeds, float32[rope_dimensions / 2], if the model has one.

    Where there are factors for long and for short texts, the length that the session has room for decides, as in
    llama.cpp: what has been read stays valid as the text grows.
    """
    is_long = context_tokens > (shape.rope_original_context or shape.context_length)
    for name in ("rope_freqs", f"rope_factors_{'long' if is_long else 'short'}"):
        if f"{name}.weight" in vectors:
            return vectors[f"{name}.weight"][: shape.rope_dimensions // 2]
    return None


def frequencies(
    shape: Hyperparameters, factors: npt.NDArray[np.float32] | None = None, *, is_local: bool = False
) -> npt.NDArray[np.float64]:
    """Radians per position of each pair, float64[rope_dimensions / 2].

    Parameters
    ----------
    factors : float32[rope_dimensions / 2] or None
        Each speed is divided by its factor (Llama 3.1, Phi-3).
    is_local : bool
        For layers with a sliding window: their own base, and no scaling (Gemma 3).
    """
    n = shape.rope_dimensions
    base = shape.rope_base_local if is_local else shape.rope_base
    speeds = base ** (-np.arange(0, n, 2, dtype=np.float64) / n)
    if factors is not None:
        speeds = speeds / factors.astype(np.float64)
    if is_local:
        return speeds
    if shape.rope_scaling == "linear":
        return speeds / shape.rope_scaling_factor
    if shape.rope_scaling == "yarn":
        return _yarn(speeds, base, shape)
    return speeds


def _yarn(speeds: npt.NDArray[np.float64], base: float, shape: Hyperparameters) -> npt.NDArray[np.float64]:
    """Fast pairs keep their speed, slow ones are interpolated, a ramp between (Peng et al., arXiv 2309.00071)."""
    n = shape.rope_dimensions
    original = shape.rope_original_context or shape.context_length

    def pair_with(turns: float) -> float:
        return n * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))

    low = max(0, math.floor(pair_with(shape.rope_fast_turns)))
    high = min(n - 1, math.ceil(pair_with(shape.rope_slow_turns)))
    ramp = np.clip((np.arange(n // 2) - low) / max(0.001, high - low), 0, 1)
    return speeds / shape.rope_scaling_factor * ramp + speeds * (1 - ramp)
