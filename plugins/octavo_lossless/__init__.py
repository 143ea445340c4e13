"""Lossless: a GGUF of the weights as they are; what AWQ and compressed-tensors folders hold is carried over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octavo.api import BlockType, Plan, TensorInfo, block_type, encode, file_order, hookimpl

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

api_version = 1


class Lossless:
    """Every tensor keeps its type; groups of 4 bits with a zero point, which GGUF lacks, become Q4_1."""

    name = "Lossless"
    summary = "The same weights in a GGUF; AWQ groups become Q4_1, symmetric 4-bit groups Q4_0."
    format = "gguf"
    Options: type | None = None

    def plan(self, tensors: Sequence[TensorInfo], options: None = None) -> Plan:
        """Keep all types that GGUF has."""
        return Plan({each.name: _kept(each.block_type) for each in file_order(tensors)})

    def encode(
        self,
        weights: npt.NDArray[np.float32],
        block_type: BlockType,
        importance: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Only asked for what is neither copied nor carried over."""
        return encode(weights, block_type, importance)


def _kept(kind: BlockType) -> BlockType:
    return block_type("Q4_1") if kind.ggml_id < 0 else kind


@hookimpl
def quantizers() -> list[Lossless]:
    """Add the one method of this plugin."""
    return [Lossless()]
