"""One tensor of a Hugging Face folder as it would stand in a GGUF file: its rows are translated while they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.checkpoint.paired_rows import paired_rows
from octavo.engine.checkpoint.safetensors_header import Entry, as_float32
from octavo.engine.checkpoint.source_file import SourceFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class HfTensor:
    """One tensor: where its source lies, and what happens to it on the way.

    Parameters
    ----------
    info : TensorInfo
        As it is shown.
    file : SourceFile
    entry : Entry
        Its place in ``file``.
    paired_heads : int
        Heads whose rows, or a bias's numbers, are reordered; 0 for none.
    shift : float
        What is added to each weight.
    """

    info: TensorInfo
    file: SourceFile
    entry: Entry
    paired_heads: int = 0
    shift: float = 0.0

    def read(self, first_row: int, n_rows: int) -> npt.NDArray[np.uint8]:
        """Rows as uint8[rows, row_bytes] in the type of ``info``."""
        if not self.paired_heads:
            return self._converted(self._source(first_row, n_rows))
        if not self.info.is_matrix:
            return self._converted(self._paired_numbers(n_rows))
        head = self.info.rows // self.paired_heads
        start = first_row // head * head
        stop = -(-(first_row + n_rows) // head) * head
        rows = self._source(start, stop - start)
        return self._converted(rows[paired_rows(head, first_row, n_rows) - start])

    def _source(self, first_row: int, n_rows: int) -> npt.NDArray[np.uint8]:
        import numpy as np

        row_bytes = self.info.columns * self.entry.item_bytes
        rows = np.empty((n_rows, row_bytes), np.uint8)
        self.file.read_into(self.entry.offset + first_row * row_bytes, rows.reshape(-1).data)
        return rows

    def _paired_numbers(self, n_rows: int) -> npt.NDArray[np.uint8]:
        """The one row of a vector, or none of it, with its numbers in the order of its matrix's rows."""
        columns = self.info.columns
        numbers = self._source(0, n_rows).reshape(n_rows, columns, self.entry.item_bytes)
        order = paired_rows(columns // self.paired_heads, 0, columns)
        return numbers[:, order].reshape(n_rows, columns * self.entry.item_bytes)

    def _converted(self, rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        import numpy as np

        if self.entry.dtype == self.info.block_type.name and not self.shift:
            return np.ascontiguousarray(rows)
        weights = as_float32(rows, self.entry.dtype)
        if self.shift:
            weights = weights + np.float32(self.shift)
        return np.ascontiguousarray(weights, "<f4").view(np.uint8)
