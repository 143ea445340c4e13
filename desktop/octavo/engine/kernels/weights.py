"""One matrix in memory, packed, with the descriptor that compiled code reads."""

from __future__ import annotations

import mmap
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.types import BlockType
from octavo.engine.kernels import descriptor, int4, matmul, matvec, panel, repack
from octavo.engine.kernels.layout import GROUP_ROWS, LAYOUTS, packed_bytes, round_up
from octavo.engine.kernels.repack_rows import repack_rows
from octavo.engine.simd.jit import Entry

_HUGE_PAGE = 2 << 20
_ENTRIES = (repack, matvec, panel, int4)  # where the entries of some block type are

_KINDS = {
    **dict.fromkeys(("F32", "F16", "BF16"), descriptor.FLOAT),
    **dict.fromkeys(("Q8_0", "Q4_0", "Q5_0"), descriptor.SCALED),
    **dict.fromkeys(("INT4_G32", "INT4_G64", "INT4_G128"), descriptor.SCALED),
    **dict.fromkeys(("Q4_1", "Q5_1", "Q4_K", "Q5_K"), descriptor.AFFINE),
    **dict.fromkeys(("Q6_K", "Q3_K"), descriptor.SCALED_16),
    "Q2_K": descriptor.AFFINE_16,
}


def allocate(n_bytes: int) -> npt.NDArray[np.uint8]:
    """Zeroed memory of its own mapping, aligned to a page; huge pages where the system gives them."""
    size = round_up(max(n_bytes, 1), mmap.PAGESIZE)
    # Python shares anonymous mappings by default, and shared memory gets no huge pages.
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    mapping = mmap.mmap(-1, size, **private)
    if n_bytes >= _HUGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE"):
        mapping.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(mapping, np.uint8)


def entries_for(block_type: BlockType) -> tuple[Entry, Entry, Entry, Entry]:
    """The repack, matrix-vector, panel and tiles entries of a block type.

    Raises
    ------
    KeyError
        For a block type without kernels.
    """
    if block_type.name not in LAYOUTS:
        raise KeyError(block_type.name)
    return (
        _entry("repack", block_type),
        _entry("matvec", block_type),
        _entry("panel", block_type),
        matmul.TILES[_KINDS[block_type.name]],
    )


def _entry(job: str, block_type: BlockType) -> Entry:
    name = f"{job}_{block_type.name.lower()}"
    found: Entry = next(getattr(module, name) for module in _ENTRIES if hasattr(module, name))
    return found


class Weights:
    """A packed matrix.

    Parameters
    ----------
    block_type : BlockType
    rows, columns : int
    """

    def __init__(self, block_type: BlockType, rows: int, columns: int) -> None:
        self.block_type = block_type
        self.rows = rows
        self.columns = columns
        self._layout = LAYOUTS[block_type.name]
        self._repack, multiply, decode, tiles = entries_for(block_type)
        self._memory = allocate(packed_bytes(block_type, rows, columns) + 4096)
        self._fields = np.zeros(descriptor.SIZE // 8, np.int64)
        values = {
            descriptor.WEIGHTS: self._memory.ctypes.data,
            descriptor.ROWS: rows,
            descriptor.COLUMNS: columns,
            descriptor.N_GROUPS: self.n_groups,
            descriptor.GROUP_BYTES: self.group_bytes,
            descriptor.META_BYTES: self._layout.meta_area(columns),
            descriptor.MATVEC: multiply.address,
            descriptor.PANEL: decode.address,
            descriptor.TILE: tiles.address,
            descriptor.KIND: _KINDS[block_type.name],
        }
        for offset, value in values.items():
            self._fields[offset // 8] = value
        self._bias: npt.NDArray[np.float32] | None = None

    @property
    def address(self) -> int:
        """The descriptor's address."""
        return int(self._fields.ctypes.data)

    @property
    def n_groups(self) -> int:
        """Groups of 16 rows, the last one filled up."""
        return round_up(self.rows, GROUP_ROWS) // GROUP_ROWS

    @property
    def group_bytes(self) -> int:
        """Packed bytes of 16 rows."""
        return self._layout.group_bytes(self.columns)

    @property
    def is_float(self) -> bool:
        """Whether it takes float32 activations instead of packed ones."""
        return self.block_type.is_float

    @property
    def n_bytes(self) -> int:
        """Packed bytes in all."""
        return self.n_groups * self.group_bytes

    def first_group(self) -> bytes:
        """The packed bytes of the first 16 rows."""
        return self._memory[: self.group_bytes].tobytes()

    def set_bias(self, bias: npt.NDArray[np.float32]) -> None:
        """Add float32[rows] to every product."""
        padded = np.zeros(self.n_groups * GROUP_ROWS, np.float32)
        padded[: self.rows] = bias
        self._bias = padded
        self._fields[descriptor.BIAS // 8] = padded.ctypes.data

    def fill(
        self, read: Callable[[int, int], npt.NDArray[np.uint8]], first_group: int, last_group: int
    ) -> None:
        """Pack groups ``first_group`` to ``last_group``.

        Parameters
        ----------
        read : callable
            ``read(first_row, n_rows)`` gives uint8[n_rows, row_bytes], the rows as they lie in the file.
        """
        first_row = first_group * GROUP_ROWS
        raw = read(first_row, min(last_group * GROUP_ROWS, self.rows) - first_row)
        scratch = np.empty(512 + 64, np.uint8)
        repack_rows(
            self._repack.address,
            raw.ctypes.data,
            raw.shape[1],
            raw.shape[0],
            self.columns,
            self._memory.ctypes.data + first_group * self.group_bytes,
            self.group_bytes,
            self._layout.meta_area(self.columns),
            scratch.ctypes.data,
        )
