"""A GGUF file, or all its parts, as a checkpoint: heads checked at once, weights read on demand."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.card import make_card
from octavo.engine.checkpoint.gguf_parts import open_parts
from octavo.engine.checkpoint.hyperparameters import read_hyperparameters
from octavo.engine.checkpoint.model import ModelCard, TensorInfo
from octavo.engine.checkpoint.needed_tensors import check_tensors
from octavo.engine.checkpoint.not_models import check_kind
from octavo.engine.checkpoint.vocabulary import check_vocabulary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class GgufCheckpoint:
    """An open GGUF file; see ``Checkpoint`` in ``model.py`` for what each member means.

    Raises
    ------
    UnreadableModel, UnsupportedModel
        When it is opened, if anything in its head is wrong or not known yet.
    """

    container = "gguf"

    def __init__(self, path: Path) -> None:
        self.path = path
        with ExitStack() as opening:
            self._parts = open_parts(path, opening)
            self.fields = self._parts[0][1].fields
            check_kind(path, self.fields)
            self.tensors = [info for _, head in self._parts for info in head.tensors]
            self.hyperparameters = read_hyperparameters(path, self.fields, self.tensors)
            self._unused = check_tensors(path, self.hyperparameters, self.tensors)
            self._tokenizer = check_vocabulary(path, self.fields, self.hyperparameters.n_vocabulary)
            self._open_files = opening.pop_all()
        self._by_name = {info.name: info for info in self.tensors}
        self._places = {
            name: (file, start) for file, head in self._parts for name, start in head.offsets.items()
        }

    @cached_property
    def card(self) -> ModelCard:
        """The description for people and for estimates."""
        return make_card(
            self.path,
            self.container,
            self.fields,
            self.tensors,
            self.hyperparameters,
            file_bytes=sum(file.size for file, _ in self._parts),
            tokenizer=self._tokenizer,
            unused=self._unused,
        )

    def tensor(self, name: str) -> TensorInfo | None:
        """The tensor of that name, or None."""
        return self._by_name.get(name)

    def read(self, name: str, first_row: int = 0, n_rows: int | None = None) -> npt.NDArray[np.uint8]:
        """Rows of a tensor as uint8[rows, row_bytes]."""
        import numpy as np

        info = self._by_name[name]
        count = info.count_rows(first_row, n_rows)
        row_bytes = info.block_type.row_bytes(info.columns)
        rows = np.empty((count, row_bytes), np.uint8)
        file, start = self._places[name]
        file.read_into(start + first_row * row_bytes, rows.reshape(-1).data)
        return rows

    def files(self) -> Sequence[Path]:
        """The one file, or all parts."""
        return [file.path for file, _ in self._parts]

    def unchanged(self) -> bool:
        """Whether every file is still the one that was opened."""
        return all(file.unchanged() for file, _ in self._parts)

    def close(self) -> None:
        """Close the files."""
        self._open_files.close()
