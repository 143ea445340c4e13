"""Whether numbers are finite: asked before encoding, and of blocks that came from elsewhere."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks.arrays import Floats


def has_non_finite(weights: Floats) -> bool:
    """Whether any of float32[rows, columns] is infinite or not a number."""
    # A sum over a row is not finite if one of its weights is not; only then look at each weight.
    with np.errstate(all="ignore"):
        sums = weights.sum(axis=-1)
    return not np.isfinite(sums).all() and not np.isfinite(weights).all()
