"""Rows of one tensor from one block type to others; memory is bounded by the rows asked for.

Rows are read once, decoded once, checked for weights that are no numbers, and encoded for everyone who wants them.
Rows are independent, so the bytes do not depend on how they are shared out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.carried import can_carry, carry
from octavo.engine.blocks.codec import can_decode, decode
from octavo.engine.blocks.finite import has_non_finite, has_non_finite_scale
from octavo.engine.blocks.types import BlockType
from octavo.engine.blocks.widened import widened
from octavo.engine.checkpoint.model import Checkpoint, TensorInfo
from octavo.engine.errors import OctavoError, UnsupportedModel
from octavo.engine.quantize.calibration import RowEncoder
from octavo.engine.quantize.damage import Damage
from octavo.engine.quantize.quantizer import Quantizer

SLAB_BYTES = 32 * 1024 * 1024
# Beyond this, a scale may exceed what 16 bits can hold: the encoded blocks are then checked too.
_LARGE = 32000.0

Bytes = npt.NDArray[np.uint8]


def plain_encoder(quantizer: Quantizer, to: BlockType) -> RowEncoder:
    """The encoder of a quantizer that knows nothing of the model."""
    return lambda weights, _: quantizer.encode(weights, to, None)


@dataclass(frozen=True)
class Wanted:
    """What somebody wants of a tensor.

    Parameters
    ----------
    to : BlockType
    encoder : function
        Gives the bytes of rows; called from several threads at once.
    keeps_same : bool
        Whether a tensor of the type wanted is copied as it is, and 4-bit groups are carried over into blocks that can
        hold them; a calibration may change the weights.
    """

    to: BlockType
    encoder: RowEncoder
    keeps_same: bool = True

    def is_copy(self, tensor: TensorInfo) -> bool:
        """Whether the source's bytes are the answer."""
        readable = can_decode(tensor.block_type)
        return self.to == tensor.block_type and (self.keeps_same or not readable)


def recoded(
    source: Checkpoint,
    tensor: TensorInfo,
    first: int,
    n_rows: int,
    wanted: Sequence[Wanted],
    damage: Damage | None = None,
) -> list[Bytes]:
    """Rows of ``tensor`` as uint8[rows, row_bytes] for each of ``wanted``.

    Parameters
    ----------
    damage : Damage or None
        Told of weights that are no finite numbers; None refuses them.

    Raises
    ------
    OctavoError
        If a weight is infinite or not a number, and ``damage`` does not go on; the tensor is named.
    UnsupportedModel
        If the tensor's type cannot be decoded, and is not simply kept.
    """
    readable = can_decode(tensor.block_type)
    copies = [each.is_copy(tensor) for each in wanted]
    if not readable and not all(copies):
        raise UnsupportedModel(
            f"Weights of the type {tensor.block_type.name} ({tensor.name}) cannot be read yet."
        )
    damage = damage or Damage()
    raw = source.read(tensor.name, first, n_rows)
    if all(copies) and not (readable and has_non_finite_scale(raw, tensor.block_type)):
        return [raw] * len(wanted)
    weights, largest = widened(raw, tensor.block_type)
    is_damaged = math.isnan(largest)
    if is_damaged:
        damage.note(tensor.name, int(weights.size - np.isfinite(weights).sum()))
        weights = np.nan_to_num(weights, nan=0.0, posinf=0.0, neginf=0.0)
        largest = float(np.abs(weights).max())
    results = []
    for each, is_copy in zip(wanted, copies, strict=True):
        if is_copy and not is_damaged:
            blocks = raw
        elif each.keeps_same and not is_damaged and can_carry(tensor.block_type, each.to):
            blocks = carry(raw, tensor.block_type)
        else:
            blocks = each.encoder(weights, first)
        if np.may_share_memory(blocks, weights):  # the next encoder must not find them changed
            blocks = blocks.copy()
        if largest > _LARGE and has_non_finite(decode(blocks, each.to)):
            raise OctavoError(f"The tensor {tensor.name} holds weights too large for {each.to.name}.")
        results.append(blocks)
    return results


class Recoder:
    """Turns the tensors of ``source`` into other block types, a slab of rows at a time.

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
        """The tensor's rows as uint8[rows, row_bytes] of type ``to``; see ``recoded`` and ``Wanted``."""
        wanted = [Wanted(to, encoder, keeps_same)]
        n_rows = max(1, SLAB_BYTES // (4 * tensor.columns))
        for first in range(0, tensor.rows, n_rows):
            last = min(first + n_rows, tensor.rows)
            n_shares = max(1, min(self._n_threads, (last - first) // 2))
            bounds = np.linspace(first, last, n_shares + 1).astype(int).tolist()
            shares = [
                self._threads.submit(recoded, self._source, tensor, a, b - a, wanted)
                for a, b in pairwise(bounds)
            ]
            yield np.concatenate([share.result()[0] for share in shares])
