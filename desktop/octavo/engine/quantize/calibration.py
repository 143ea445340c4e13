"""What calibration knows about a model, told to the encoder tensor by tensor.

A conversion without calibration encodes every row by itself. With it, the conversion asks, in the order in which
it writes, for an encoder of each tensor; what the encoder knows (how much each input channel matters, which errors
other weights can make up for, what was folded into a neighbour) stays with the calibration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from octavo.engine.blocks.types import BlockType
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.progress import Work

if TYPE_CHECKING:  # The window plans without numpy.
    import numpy as np
    import numpy.typing as npt

# float32[rows, columns] and the number of their first row in the tensor -> uint8[rows, row_bytes].
# Called from several threads at once, each with rows of its own.
RowEncoder = Callable[["npt.NDArray[np.float32]", int], "npt.NDArray[np.uint8]"]


class Calibration(Protocol):
    """Knowledge of one model; made for one conversion, asked once for every tensor in the file's order.

    One with the attribute ``is_stateless`` set gives a tensor the same encoder whatever was asked for before: when a
    killed conversion is gone on with, it is asked only for the tensors that are missing. An attribute ``notes`` may
    hold sentences for people, read when all tensors are written.
    """

    def encoder(self, tensor: TensorInfo, to: BlockType) -> Work[RowEncoder]:
        """Find out what ``tensor`` needs, with progress, and give the encoder of its rows.

        Knowledge of earlier layers may be dropped here, so that memory stays bounded by a layer.
        Every tensor is asked for, also those that keep their type.
        """

    def close(self) -> None:
        """Give back what it holds; closing twice is no error."""
