"""One tensor from one block type to another, in slabs of rows, so that memory stays bounded.

A slab is decoded, checked for weights that are no numbers, and encoded in as many threads as are given,
each with its share of the rows. Rows are independent, so the bytes do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.codec import can_decode, decode
from octavo.engine.blocks.finite import has_non_finite
from octavo.engine.blocks.types import BlockType
from octavo.engine.checkpoint.model import Checkpoint, TensorInfo
from octavo.engine.errors import OctavoError, UnsupportedModel
from octavo.engine.quantize.calibration import RowEncoder
from octavo.engine.quantize.quantizer import Quantizer

SLAB_BYTES = 32 * 1024 * 1024
# Beyond this, a scale may exceed what 16 bits can hold: the encoded blocks are then checked too.
_LARGE = 32000.0

Bytes = npt.NDArray[np.uint8]


def plain_encoder(quantizer: Quantizer, to: BlockType) -> RowEncoder:
    """The encoder of a quantizer that knows nothing of the model."""
    return lambda weights, _: quantizer.encode(weights, to, None)


class Recoder:
    """Turns rows of ``source`` into other block types.

    Parameters
    ----------
    threads : Executor
        Where the encoding runs, ``n_threads`` wide.
    """

    def __init__(self, source: Checkpoint, threads: Executor, n_threads: int) -> None:
        self._source = source
        self._threads = threads
        self._n_threads = n_threads

    def slabs(
        self, tensor: TensorInfo, to: BlockType, encoder: RowEncoder, *, keeps_same: bool = True
    ) -> Iterator[Bytes]:
        """The tensor's rows as uint8[rows, row_bytes] of type ``to``, a slab at a time.

        Parameters
        ----------
        encoder : function
            Gives the bytes of rows; called from several threads at once.
        keeps_same : bool
            Whether a tensor of the type wanted is copied as it is; a calibration may change its weights.

        Raises
        ------
        OctavoError
            If a weight is infinite or not a number; the tensor is named.
        UnsupportedModel
            If the tensor's type cannot be decoded, and is not simply kept.
        """
        readable = can_decode(tensor.block_type)
        if to != tensor.block_type and not readable:
            raise UnsupportedModel(
                f"Weights of the type {tensor.block_type.name} ({tensor.name}) cannot be read yet."
            )
        n_rows = max(1, SLAB_BYTES // (4 * tensor.columns))
        for first in range(0, tensor.rows, n_rows):
            raw = self._source.read(tensor.name, first, min(n_rows, tensor.rows - first))
            if not readable:
                yield raw
                continue
            weights = decode(raw, tensor.block_type)
            _require_finite(weights, tensor.name)
            if to == tensor.block_type and keeps_same:
                yield raw
                continue
            del raw
            blocks = self._encoded(weights, first, encoder)
            if max(weights.max(), -weights.min()) > _LARGE and has_non_finite(decode(blocks, to)):
                raise OctavoError(f"The tensor {tensor.name} holds weights too large for {to.name}.")
            del weights
            yield blocks

    def _encoded(self, weights: npt.NDArray[np.float32], first: int, encoder: RowEncoder) -> Bytes:
        if len(weights) < 2 * self._n_threads:
            return encoder(weights, first)
        bounds = np.linspace(0, len(weights), self._n_threads + 1).astype(int).tolist()
        shares = [weights[a:b] for a, b in pairwise(bounds)]
        starts = [first + a for a in bounds[:-1]]
        return np.concatenate(list(self._threads.map(encoder, shares, starts)))


def _require_finite(weights: npt.NDArray[np.float32], name: str) -> None:
    if has_non_finite(weights):
        raise OctavoError(
            f"The tensor {name} holds weights that are no finite numbers, so it cannot be quantized.",
            "The model is damaged: download it again.",
        )
