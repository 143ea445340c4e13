"""What a search found for one layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from octavo_awq.folds import Fold

if TYPE_CHECKING:
    from octavo.api import RoutedInputs

Floats = npt.NDArray[np.float32]


@dataclass
class FoundLayer:
    """By tensor: what its columns are multiplied and its rows divided by, its limits and moments.

    Of stacked experts, ``columns`` may be float32[experts, columns]; rows are counted over all experts, and ``routed``
    has the inputs of each, ``moments`` those of all where there are such.
    """

    columns: dict[str, Floats] = field(default_factory=dict)
    rows: dict[str, Floats] = field(default_factory=dict)
    limits: dict[str, Floats] = field(default_factory=dict)
    moments: dict[str, Floats] = field(default_factory=dict)
    routed: dict[str, RoutedInputs] = field(default_factory=dict)

    def note(self, tensors: Sequence[str], fold: Fold, scale: Floats) -> None:
        """Multiply the columns of these, and divide what comes before."""
        for name in tensors:
            self.columns[name] = scale
        if fold.is_norm:
            self.columns[fold.name] = np.float32(1) / scale
            return
        rows = self.rows.setdefault(fold.name, np.ones(fold.n_rows, np.float32))
        rows[fold.n_rows - scale.size :] = scale.reshape(-1)


def folded(weights: Floats, columns: Floats | None, rows: Floats | None) -> Floats:
    """Columns multiplied, rows divided."""
    if columns is not None:
        weights = weights * columns
    if rows is not None:
        weights = weights / rows[:, None]
    return weights
