"""AutoAWQ's GEMM layout: what vLLM, SGLang and most people mean by an AWQ model.

Of a matrix of ``out`` rows and ``in`` columns (AutoAWQ, ``awq/modules/linear/gemm.py``)::

    qweight  int32[in, out / 8]        nibble i of word c is row 8 c + ORDER[i]
    qzeros   int32[in / group, out / 8]   in the same order
    scales   f16[in / group, out]

    weight = scale * (q - zero)
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from octavo.engine.blocks.types import BlockType
from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.int4_parts import Part, Parts
from octavo.engine.checkpoint.json_files import JsonObject
from octavo.engine.checkpoint.packed_matrix import PackedEntry
from octavo.engine.checkpoint.refusals import shown, unsupported

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""Which of eight neighbouring rows each nibble of a word holds, the lowest nibble first."""
SUFFIXES = ("qweight", "qzeros", "scales")
# Words of a row of ``qweight`` that are turned at a time: what stays in the processor's cache.
_WORDS = 64
# Whole matrices that are kept turned: readers ask for a few rows at a time, of two matrices where they overlap.
_KEPT = 2


class TurnedMatrices:
    """Keeps the matrices that were read last, so that asking for their rows piece by piece costs one reading."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, npt.NDArray[np.uint8]] = OrderedDict()

    def get(self, name: str, turn: Callable[[], npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
        """The matrix of that name, made by ``turn`` if it is not there."""
        with self._lock:
            found = self._kept.pop(name, None)
            if found is None:
                while len(self._kept) >= _KEPT:
                    self._kept.popitem(last=False)
                found = turn()
            self._kept[name] = found
            return found


def check_scheme(config: Config, given: JsonObject) -> None:
    """Refuse what is not 4 bits with zero points in this layout."""
    version = str(given.get("version", "gemm")).lower()
    if version != "gemm":
        raise unsupported(
            config.path.parent, f"AWQ in the layout '{shown(version, 20)}' is not supported yet."
        )
    if given.get("bits", given.get("w_bit", 4)) != 4 or given.get("zero_point", True) is not True:
        raise unsupported(config.path.parent, "only AWQ of 4 bits with zero points is supported.")


def awq_entry(parts: Parts, stem: str, turned: TurnedMatrices) -> PackedEntry:
    """The matrix of one linear layer."""
    from octavo.engine.blocks.int4_groups import int4_type

    weight, zeros = parts.need(stem, "qweight"), parts.need(stem, "qzeros")
    scales = parts.scales(stem, "scales")
    (columns, words), (n_groups, n_rows) = weight.entry.shape, scales.entry.shape
    if words * 8 != n_rows or columns % n_groups or zeros.entry.shape != (n_groups, words):
        raise parts.misfit(stem)
    kind = int4_type(columns, columns // n_groups)
    if kind is None:
        raise parts.odd_groups(stem, columns, columns // n_groups)

    def read_rows(first: int, n: int) -> npt.NDArray[np.uint8]:
        whole = turned.get(stem, lambda: _turn(weight, zeros, scales, kind))
        return whole[first : first + n].copy()

    return PackedEntry(kind.name, (n_rows, columns), 0, read_rows)


def _turn(weight: Part, zeros: Part, scales: Part, kind: BlockType) -> npt.NDArray[np.uint8]:
    """The whole matrix as packed rows, uint8[rows, row_bytes]."""
    import numpy as np

    from octavo.engine.blocks.int4_groups import pack

    columns, words = weight.entry.shape
    n_groups, n_rows = scales.entry.shape
    repeats = columns // n_groups // kind.n_weights
    scale = scales.scales(0, n_groups)
    q, zero = weight.rows(0, columns), zeros.rows(0, n_groups)
    packed = np.empty((n_rows, kind.row_bytes(columns)), np.uint8)
    for first in range(0, words, _WORDS):
        some = slice(4 * first, 4 * (first + _WORDS))
        rows = slice(8 * first, 8 * (first + _WORDS))
        packed[rows] = pack(
            _rows(q[:, some]),
            np.repeat(np.ascontiguousarray(scale[:, rows].T), repeats, axis=1),
            np.repeat(_rows(zero[:, some]), repeats, axis=1),
        )
    return packed


def _rows(words: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Nibbles of uint8[n, 4 * words] in the order of rows, and turned: uint8[8 * words, n]."""
    import numpy as np

    raw = words.reshape(len(words), -1, 4)
    q = np.empty((len(words), raw.shape[1], 8), np.uint8)
    q[..., list(ORDER[0::2])] = raw & 15
    q[..., list(ORDER[1::2])] = raw >> 4
    return np.ascontiguousarray(q.reshape(len(words), -1).T)
