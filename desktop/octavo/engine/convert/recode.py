"""One tensor from one block type to another, in slabs of rows, so that memory stays bounded.

A slab is decoded, checked for weights that are no numbers, and encoded in as many threads as are given,
each with its share of the rows. Rows are independent, so the bytes do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.codec import can_decode, decode
from octavo.engine.blocks.finite import has_non_finite
from octavo.engine.blocks.types import BlockType
from octavo.engine.checkpoint.model import Checkpoint, TensorInfo
from octavo.engine.errors import OctavoError, UnsupportedModel

SLAB_BYTES = 32 * 1024 * 1024
# Beyond this, a scale may exceed what 16 bits can hold: the encoded blocks are then checked too.
_LARGE = 32000.0

Bytes = npt.NDArray[np.uint8]
Encode = Callable[[npt.NDArray[np.float32], BlockType, npt.NDArray[np.float32] | None], Bytes]


class Recoder:
    """Turns rows of ``source`` into other block types.

    Parameters
    ----------
    encode : function
        A quantizer's ``encode``; called from several threads at once.
    threads : Executor
        Where the encoding runs, ``n_threads`` wide.
    """

    def __init__(self, source: Checkpoint, encode: Encode, threads: Executor, n_threads: int) -> None:
        self._source = source
        self._encode = encode
        self._threads = threads
        self._n_threads = n_threads

    def slabs(self, tensor: TensorInfo, to: BlockType) -> Iterator[Bytes]:
        """The tensor's rows as uint8[rows, row_bytes] of type ``to``, a slab at a time.

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
            if to == tensor.block_type:
                yield raw
                continue
            del raw
            blocks = self._encoded(weights, to)
            if max(weights.max(), -weights.min()) > _LARGE and has_non_finite(decode(blocks, to)):
                raise OctavoError(f"The tensor {tensor.name} holds weights too large for {to.name}.")
            del weights
            yield blocks

    def _encoded(self, weights: npt.NDArray[np.float32], to: BlockType) -> Bytes:
        if len(weights) < 2 * self._n_threads:
            return self._encode(weights, to, None)
        shares = np.array_split(weights, self._n_threads)
        return np.concatenate(list(self._threads.map(lambda share: self._encode(share, to, None), shares)))


def _require_finite(weights: npt.NDArray[np.float32], name: str) -> None:
    if has_non_finite(weights):
        raise OctavoError(
            f"The tensor {name} holds weights that are no finite numbers, so it cannot be quantized.",
            "The model is damaged: download it again.",
        )
