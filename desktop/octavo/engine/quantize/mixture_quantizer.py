"""A quantizer made from a row of data: a name, a sentence and a mixture are the whole plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.quantize.mixture import Mixture, plan_mixture
from octavo.engine.quantize.mixture_options import MixtureOptions, PlainOptions
from octavo.engine.quantize.quantizer import Plan

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class MixtureQuantizer:
    """Quantizes by llama.cpp's rules.

    Parameters
    ----------
    name : str
        What people type and see: ``Q4_K_M``.
    summary : str
        One sentence for the window.
    mixture : Mixture
        Which tensor gets which type.
    """

    format = "gguf"

    def __init__(self, name: str, summary: str, mixture: Mixture) -> None:
        self.name = name
        self.summary = summary
        self.mixture = mixture
        self.Options: type | None = PlainOptions if block_type(mixture.base).is_float else MixtureOptions

    def plan(
        self, tensors: Sequence[TensorInfo], options: MixtureOptions | PlainOptions | None = None
    ) -> Plan:
        """Mix the types; rows that are no whole number of blocks fall back to a type that fits."""
        return plan_mixture(tensors, self.mixture, options)

    def encode(
        self,
        weights: npt.NDArray[np.float32],
        block_type: BlockType,
        importance: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Round and pack float32[rows, columns] as ggml does, into uint8[rows, row_bytes]."""
        # numpy is loaded by those who encode, not by those who plan.
        from octavo.engine.blocks.codec import encode

        return encode(weights, block_type, importance)
