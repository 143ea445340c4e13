"""Q8_0: every matrix in 8 bits, nearly lossless."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octavo.api import BlockType, Mixture, Plan, TensorInfo, encode, hookimpl, plan_mixture

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

api_version = 1

MIXTURE = Mixture(file_type=7, base="Q8_0", output="Q8_0")


class Q8_0:
    """Eight bits for matrices; norms and biases stay as they are."""

    name = "Q8_0"
    summary = "Nearly lossless, about half the size of F16."
    format = "gguf"
    Options = None

    def plan(self, tensors: Sequence[TensorInfo], options: None = None) -> Plan:
        """Give every matrix Q8_0, or F16 where a row is no multiple of 32."""
        return plan_mixture(tensors, MIXTURE)

    def encode(
        self,
        weights: npt.NDArray[np.float32],
        block_type: BlockType,
        importance: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Round to the nearest step, as ggml does."""
        return encode(weights, block_type, importance)


@hookimpl
def quantizers() -> list[Q8_0]:
    """Add the one method of this plugin."""
    return [Q8_0()]
