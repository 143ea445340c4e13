"""What the readers of 4-bit folders share: their tensors found and checked, codes unpacked, rows packed anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported
from octavo.engine.checkpoint.safetensors_header import Entry, as_float32
from octavo.engine.checkpoint.source_file import SourceFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Sources = Mapping[str, tuple[SourceFile, Entry]]
_SCALES = ("F16", "BF16", "F32")


@dataclass(frozen=True)
class Part:
    """One of the tensors that make up a matrix."""

    file: SourceFile
    entry: Entry

    def rows(self, first: int, n: int) -> npt.NDArray[np.uint8]:
        """Rows of a two-dimensional tensor as they lie, uint8[rows, row_bytes]."""
        import numpy as np

        row_bytes = self.entry.shape[1] * self.entry.item_bytes
        found = np.empty((n, row_bytes), np.uint8)
        self.file.read_into(self.entry.offset + first * row_bytes, found.reshape(-1).data)
        return found

    def scales(self, first: int, n: int) -> npt.NDArray[np.float16]:
        """Rows of scales; those of BF16 models fit F16 too, with the exponents that scales have."""
        import numpy as np

        raw = self.rows(first, n)
        if self.entry.dtype == "F16":
            return raw.view("<f2")
        with np.errstate(over="ignore"):  # an infinite scale is refused where weights are checked
            return as_float32(raw, self.entry.dtype).astype("<f2")


class Parts:
    """The tensors of a folder by the matrix that they belong to."""

    def __init__(self, folder: Path, sources: Sources) -> None:
        self.folder = folder
        self._sources = sources

    def get(self, stem: str, suffix: str) -> Part | None:
        """The tensor of that name, or None."""
        found = self._sources.get(f"{stem}.{suffix}")
        return Part(*found) if found else None

    def need(self, stem: str, suffix: str, dtypes: tuple[str, ...] = ("I32",)) -> Part:
        """A tensor of two dimensions and one of the types."""
        found = self.get(stem, suffix)
        if found is None:
            raise unreadable(self.folder, f"the tensor {shown(stem)}.{suffix} is missing.")
        if len(found.entry.shape) != 2 or 0 in found.entry.shape or found.entry.dtype not in dtypes:
            raise self.misfit(stem)
        return found

    def scales(self, stem: str, suffix: str) -> Part:
        """The tensor of the scales."""
        return self.need(stem, suffix, _SCALES)

    def misfit(self, stem: str) -> Exception:
        """The error of a matrix whose tensors do not belong together."""
        return unreadable(self.folder, f"the 4-bit tensors of {shown(stem)} do not fit each other.")

    def odd_groups(self, stem: str, columns: int, group: int) -> Exception:
        """The error of a matrix in groups that no kernel knows."""
        return unsupported(
            self.folder,
            f"{shown(stem)} has rows of {columns} weights in groups of {group}, not of 32 or more.",
        )


def codes(raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The nibbles of uint8[rows, n], the lowest first, as uint8[rows, 2 n]."""
    import numpy as np

    return np.stack([raw & 15, raw >> 4], axis=-1).reshape(len(raw), -1)
