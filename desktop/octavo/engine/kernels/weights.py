"""One matrix in memory, packed, with the descriptor that compiled code reads."""

from __future__ import annotations

import mmap
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.types import BlockType
from octavo.engine.kernels import descriptor, int4, matmul, matvec, panel, repack, table4
from octavo.engine.kernels.layout import GROUP_ROWS, LAYOUTS, round_up
from octavo.engine.kernels.repack_rows import repack_rows
from octavo.engine.simd.jit import Entry
from octavo.engine.simd.tier import active_tier

_HUGE_PAGE = 2 << 20
_ENTRIES = (repack, matvec, panel, int4, table4)  # where the entries of some block type are

# Where a dot product is one instruction, small units gain nothing, and one entry less is compiled.
_SMALL = descriptor.SCALED if active_tier().has_dots else descriptor.SCALED_SMALL
_KINDS = {
    **dict.fromkeys(("F32", "F16", "BF16"), descriptor.FLOAT),
    **dict.fromkeys(("Q8_0", "IQ4_NL", "IQ4_XS"), descriptor.SCALED),
    **dict.fromkeys(("Q4_0", "Q5_0", "MXFP4", "INT4_G32", "INT4_G64", "INT4_G128"), _SMALL),
    **dict.fromkeys(("Q4_1", "Q5_1", "Q4_K", "Q5_K"), descriptor.AFFINE),
    **dict.fromkeys(("Q6_K", "Q3_K"), descriptor.SCALED_16),
    "Q2_K": descriptor.AFFINE_16,
}


def allocate(n_bytes: int, *, in_small_pages: bool = False) -> npt.NDArray[np.uint8]:
    """Zeroed memory of its own mapping, aligned to a page; huge pages where the system gives them.

    Parameters
    ----------
    in_small_pages : bool
        Rather not: where much is never touched, it then takes no memory.
    """
    size = round_up(max(n_bytes, 1), mmap.PAGESIZE)
    # Python shares anonymous mappings by default, and shared memory gets no huge pages.
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    mapping = mmap.mmap(-1, size, **private)
    if n_bytes >= _HUGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE"):
        mapping.madvise(mmap.MADV_NOHUGEPAGE if in_small_pages else mmap.MADV_HUGEPAGE)
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
    """A packed matrix, or one for each of several experts: then their descriptors lie one behind the other.

    Parameters
    ----------
    block_type : BlockType
    rows, columns : int
        Of one matrix.
    n_experts : int
        How many matrices.
    """

    def __init__(self, block_type: BlockType, rows: int, columns: int, n_experts: int = 1) -> None:
        self.block_type = block_type
        self.rows = rows
        self.columns = columns
        self.n_experts = n_experts
        self._layout = LAYOUTS[block_type.name]
        self._repack, multiply, decode, tiles = entries_for(block_type)
        self._memory = allocate(self.n_bytes + 4096)
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
        one = np.zeros(descriptor.SIZE // 8, np.int64)
        for offset, value in values.items():
            one[offset // 8] = value
        self._fields = np.tile(one, n_experts)
        places = np.arange(n_experts) * self.n_groups * self.group_bytes
        self._fields[descriptor.WEIGHTS // 8 :: descriptor.SIZE // 8] += places
        self._bias: npt.NDArray[np.float32] | None = None

    @property
    def address(self) -> int:
        """The descriptor's address."""
        return int(self._fields.ctypes.data)

    @property
    def n_groups(self) -> int:
        """Groups of 16 rows in one matrix, the last one filled up."""
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
        return self.n_experts * self.n_groups * self.group_bytes

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
    ) -> int:
        """Pack groups ``first_group`` to ``last_group``, those of all experts counted together; bytes read.

        Parameters
        ----------
        read : callable
            ``read(first_row, n_rows)`` gives uint8[n_rows, row_bytes], the rows as they lie in the file.
        """
        n_bytes = 0
        while first_group < last_group:
            expert, first = divmod(first_group, self.n_groups)
            last = min(self.n_groups, first + last_group - first_group)
            n_rows = min(last * GROUP_ROWS, self.rows) - first * GROUP_ROWS
            raw = read(expert * self.rows + first * GROUP_ROWS, n_rows)
            self._pack(raw, first_group)
            n_bytes += raw.size
            first_group += last - first
        return n_bytes

    def _pack(self, raw: npt.NDArray[np.uint8], group: int) -> None:
        scratch = np.empty(512 + 64, np.uint8)
        repack_rows(
            self._repack.address,
            raw.ctypes.data,
            raw.shape[1],
            raw.shape[0],
            self.columns,
            self._memory.ctypes.data + group * self.group_bytes,
            self.group_bytes,
            self._layout.meta_area(self.columns),
            scratch.ctypes.data,
        )
