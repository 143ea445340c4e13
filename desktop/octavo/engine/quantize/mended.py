"""A model as if its damaged weights were 0, for whoever runs it while a conversion goes on over the damage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.codec import can_decode
from octavo.engine.blocks.finite import mended
from octavo.engine.checkpoint.model import Checkpoint, Field, Hyperparameters, ModelCard, TensorInfo


class MendedCheckpoint:
    """``source`` with 0 for weights that are no finite numbers; see ``Checkpoint`` for what each member means.

    It stays open as long as this is read.
    """

    def __init__(self, source: Checkpoint) -> None:
        self.path = source.path
        self.container = source.container
        self._source = source

    @property
    def fields(self) -> Mapping[str, Field]:
        """The source's."""
        return self._source.fields

    @property
    def tensors(self) -> Sequence[TensorInfo]:
        """The source's."""
        return self._source.tensors

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The source's."""
        return self._source.hyperparameters

    @property
    def card(self) -> ModelCard:
        """The source's."""
        return self._source.card

    def tensor(self, name: str) -> TensorInfo | None:
        """The tensor of that name, or None."""
        return self._source.tensor(name)

    def read(self, name: str, first_row: int = 0, n_rows: int | None = None) -> npt.NDArray[np.uint8]:
        """Rows of a tensor, mended."""
        raw = self._source.read(name, first_row, n_rows)
        tensor = self._source.tensor(name)
        assert tensor is not None  # it has just been read
        return mended(raw, tensor.block_type) if can_decode(tensor.block_type) else raw

    def files(self) -> Sequence[Path]:
        """The source's."""
        return self._source.files()

    def unchanged(self) -> bool:
        """Whether the source is still what was opened."""
        return self._source.unchanged()

    def close(self) -> None:
        """Nothing: the source stays open."""
