"""Matrices of 4-bit groups that a folder spreads over several tensors: codes, scales and zero points.

They are shown as one tensor of packed rows: Q4_0 where the zero point is always in the middle (the same numbers, and
kernels and GGUF know it), else INT4 groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.checkpoint.paired_rows import paired_rows
from octavo.engine.checkpoint.safetensors_header import Entry
from octavo.engine.checkpoint.source_file import SourceFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# First row and number of rows -> uint8[rows, row_bytes].
ReadRows = Callable[[int, int], "npt.NDArray[np.uint8]"]


@dataclass(frozen=True)
class PackedEntry(Entry):
    """Stands for the tensors of one matrix; ``dtype`` is the block type that its rows are read as.

    Parameters
    ----------
    read_rows : function
        Gives rows in that type.
    """

    read_rows: ReadRows


@dataclass(frozen=True)
class PackedTensor:
    """A packed matrix under its GGUF name; see ``HfTensor`` for what the members mean."""

    info: TensorInfo
    file: SourceFile
    entry: PackedEntry
    paired_heads: int = 0
    shift: float = 0.0

    def read(self, first_row: int, n_rows: int) -> npt.NDArray[np.uint8]:
        """Rows as uint8[rows, row_bytes]; whole rows move, so that nothing is unpacked for it."""
        import numpy as np

        if not n_rows:
            return np.empty((0, self.info.block_type.row_bytes(self.info.columns)), np.uint8)
        if not self.paired_heads:
            return self.entry.read_rows(first_row, n_rows)
        head = self.info.rows // self.paired_heads
        start = first_row // head * head
        stop = -(-(first_row + n_rows) // head) * head
        return self.entry.read_rows(start, stop - start)[paired_rows(head, first_row, n_rows) - start]
