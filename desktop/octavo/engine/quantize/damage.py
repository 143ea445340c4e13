"""Weights that are no finite numbers: a conversion stops at them, or sets them to 0 where people want it to go on."""

from __future__ import annotations

import threading
from collections import Counter

from octavo.engine.errors import DamagedWeights

WAY_OUT = "The model is damaged: download it again, or have such weights set to 0 (--allow-damaged)."


class Damage:
    """What was found in one conversion; told by several threads.

    Parameters
    ----------
    goes_on : bool
        Whether damaged weights become 0.
    """

    def __init__(self, *, goes_on: bool = False) -> None:
        self.goes_on = goes_on
        self._found: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, tensor: str, n_weights: int) -> None:
        """Count damaged weights of a tensor.

        Raises
        ------
        DamagedWeights
            Nobody wanted to go on; the tensor is named.
        """
        if not self.goes_on:
            raise DamagedWeights(
                f"The tensor {tensor} holds weights that are no finite numbers, so it cannot be quantized.",
                WAY_OUT,
            )
        with self._lock:
            self._found[tensor] += n_weights

    def sentences(self) -> list[str]:
        """What people should know: which tensors, and how many weights."""
        return [
            f"Damaged: {n:,} weights of {tensor} were no finite numbers and are 0 now."
            if n > 1
            else f"Damaged: a weight of {tensor} was no finite number and is 0 now."
            for tensor, n in sorted(self._found.items())
        ]
