"""Q4_K_M: 4 bits for most matrices, 6 where they pay; the same bytes as ``llama-quantize``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octavo.api import (
    BlockType,
    Mixture,
    Plan,
    TensorInfo,
    Upgrade,
    encode,
    hookimpl,
    more_bits,
    plan_mixture,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

api_version = 1

MIXTURE = Mixture(
    file_type=15,
    base="Q4_K",
    output="Q6_K",
    upgrades=(Upgrade("attention_v", "Q6_K", more_bits), Upgrade("ffn_down", "Q6_K", more_bits)),
    output_of_8_experts="Q5_K",
)


class Q4_K_M:
    """Four bits for most matrices, six for the output and half of the values and down projections."""

    name = "Q4_K_M"
    summary = "The usual choice: about a third of the size of F16 with a small loss."
    format = "gguf"
    Options = None

    def plan(self, tensors: Sequence[TensorInfo], options: None = None) -> Plan:
        """Mix Q4_K and Q6_K; rows that do not divide by 256 fall back to Q5_0 and Q8_0."""
        return plan_mixture(tensors, MIXTURE)

    def encode(
        self,
        weights: npt.NDArray[np.float32],
        block_type: BlockType,
        importance: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Search each block's scales and minimums, as ggml does."""
        return encode(weights, block_type, importance)


@hookimpl
def quantizers() -> list[Q4_K_M]:
    """Add the one method of this plugin."""
    return [Q4_K_M()]
