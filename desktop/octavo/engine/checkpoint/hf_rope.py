"""Factors that stretch rotations, as the tensors that GGUF keeps them in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.families.family import Family
from octavo.engine.checkpoint.families.phi3 import LONG
from octavo.engine.checkpoint.hf_config import Config, head_size, read_rope
from octavo.engine.checkpoint.refusals import unreadable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from octavo.engine.checkpoint.hf_config import Rope

_MAX_FACTOR = 1e6


def rope_tensors(config: Config, family: Family) -> dict[str, npt.NDArray[np.float32]]:
    """``rope_freqs.weight``, or the factors for long and for short texts, or nothing."""
    import numpy as np

    rope = read_rope(config, family.rope_base, family.rope_base_local)
    made = {}
    if rope.kind == "llama3":
        made["rope_freqs.weight"] = rope_factors(rope, head_size(config))
    elif family.architecture == "phi3" and rope.kind in LONG:
        for name in ("long", "short"):
            made[f"rope_factors_{name}.weight"] = np.array(rope.lists[f"{name}_factor"], "<f4")
    for factors in made.values():
        if not (factors.min() > 0 and factors.max() < _MAX_FACTOR):  # True for NaN, too.
            raise unreadable(config.path, "its rope parameters lead to impossible rotations.")
    return made


def rope_factors(rope: Rope, n_dimensions: int) -> npt.NDArray[np.float32]:
    """Llama 3's stretching of slow rotations, as the divisors that GGUF keeps in ``rope_freqs.weight``.

    Fast rotations stay, slow ones are divided by ``factor``, those between are blended (transformers'
    ``modeling_rope_utils.py``). The steps are rounded to float32 where torch rounds them in llama.cpp's
    converter: it divides a number by a tensor by way of the reciprocal.
    """
    import numpy as np

    factor = np.float32(rope.number("factor", 8.0))
    low, high = rope.number("low_freq_factor", 1.0), rope.number("high_freq_factor", 4.0)
    context = rope.number("original_max_position_embeddings", 8192.0)
    one = np.float32(1)
    with np.errstate(all="ignore"):
        exponents = np.arange(0, n_dimensions, 2, dtype=np.float32) / np.float32(n_dimensions)
        frequency = one / np.power(rope.base, exponents.astype(np.float64)).astype(np.float32)
        length = (one / frequency) * np.float32(2 * math.pi)
        smooth = ((one / length) * np.float32(context) - np.float32(low)) / np.float32(high - low)
        blended = one / ((one - smooth) / factor + smooth)
        is_fast = length < np.float32(np.divide(context, high))
        is_slow = length > np.float32(np.divide(context, low))
    return np.where(is_fast, one, np.where(is_slow, factor, blended)).astype("<f4")
