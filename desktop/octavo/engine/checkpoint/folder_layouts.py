"""The tensors that a folder of 4-bit groups holds, how large they are, and how packed rows become them.

See ``int4_awq.py`` and ``int4_compressed.py`` for the layouts. All floats are written as F16.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from octavo.engine.blocks.types import BlockType
from octavo.engine.checkpoint.int4_awq import ORDER
from octavo.engine.checkpoint.model import TensorInfo

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

AWQ = "awq"  # the other layout is compressed-tensors
MAX_FILE_BYTES = 5_000_000_000
"""Of weights in one file, as transformers has it."""
# Bytes of the header kept for each tensor: names of 90 letters and the largest numbers fit.
_ENTRY_BYTES = 200
# And for what the file tells of its making, as a JSON string in a JSON object.
_RECIPE_BYTES = 1024
_SIZES = {"F16": 2, "I32": 4, "I64": 8}


@dataclass(frozen=True)
class Piece:
    """One tensor of the file: ``suffix`` behind the matrix's name, type and shape; of stacked experts, which one's."""

    suffix: str
    dtype: str
    shape: tuple[int, ...]
    expert: int = 0

    @property
    def n_bytes(self) -> int:
        """Bytes of it."""
        n = _SIZES[self.dtype]
        for size in self.shape:
            n *= size
        return n


def is_packed(kind: BlockType) -> bool:
    """Whether a matrix of this type is written as groups of 4 bits."""
    return kind.name == "Q4_0" or kind.name.startswith("INT4_")


def is_written(name: str) -> bool:
    """Whether a tensor is in folders at all: position factors are computed from config.json."""
    return not name.startswith("rope_")


def pieces(info: TensorInfo, layout: str, group: int) -> list[Piece]:
    """What a tensor becomes."""
    if not (info.is_matrix and is_packed(info.block_type)):
        return [Piece("", "F16", info.shape)]
    rows, columns = info.shape[-2:]
    if layout == AWQ:
        one: list[tuple[str, str, tuple[int, ...]]] = [
            (".qweight", "I32", (columns, rows // 8)),
            (".qzeros", "I32", (columns // group, rows // 8)),
            (".scales", "F16", (columns // group, rows)),
        ]
    else:
        one = [
            (".weight_packed", "I32", (rows, columns // 8)),
            (".weight_scale", "F16", (rows, columns // group)),
            (".weight_shape", "I64", (2,)),
        ]
    return [Piece(*each, expert) for expert in range(n_experts(info)) for each in one]


def n_experts(info: TensorInfo) -> int:
    """How many matrices a tensor holds; folders have each by itself."""
    return info.shape[0] if info.is_expert else 1


def header_bytes(n_pieces: int) -> int:
    """Bytes before the data; always the same for as many tensors, so that sizes are known beforehand."""
    return 8 + _ENTRY_BYTES * (n_pieces + 1) + _RECIPE_BYTES


def in_files(
    planned: Iterable[TensorInfo], layout: str, group: int, most_bytes: int = MAX_FILE_BYTES
) -> list[list[tuple[TensorInfo, list[Piece]]]]:
    """The tensors that are written with their pieces, shared out to files in their order.

    Parameters
    ----------
    most_bytes : int
        Of weights in a file; a larger tensor has one of its own.
    """
    files: list[list[tuple[TensorInfo, list[Piece]]]] = [[]]
    n_bytes = 0
    for each in planned:
        if not is_written(each.name):
            continue
        found = pieces(each, layout, group)
        size = sum(piece.n_bytes for piece in found)
        if files[-1] and n_bytes + size > most_bytes:
            files.append([])
            n_bytes = 0
        files[-1].append((each, found))
        n_bytes += size
    return files


def folder_bytes(
    tensors: Iterable[TensorInfo], types: Mapping[str, BlockType], layout: str, group: int
) -> int:
    """Bytes of the files of weights in a folder.

    Parameters
    ----------
    tensors : iterable of TensorInfo
        In the order of the source.
    """
    planned = [TensorInfo(each.name, each.shape, types[each.name]) for each in tensors]
    found = [[piece for _, each in file for piece in each] for file in in_files(planned, layout, group)]
    return sum(header_bytes(len(each)) + sum(piece.n_bytes for piece in each) for each in found)


def split(raw: npt.NDArray[np.uint8], kind: BlockType, layout: str, group: int) -> list[npt.NDArray[Any]]:
    """Packed rows of a whole matrix as the arrays of its pieces, in their order."""
    import numpy as np

    from octavo.engine.blocks import int4_groups, q4_0
    from octavo.engine.blocks.packing import split_nibbles

    if layout == AWQ:
        q, scales, zeros = int4_groups.unpack(raw, kind)
        return [_across(q), _across(zeros), np.ascontiguousarray(scales.T)]
    blocks = np.ascontiguousarray(raw).view(q4_0.BLOCK)
    q = split_nibbles(blocks["q"]).reshape(len(raw), -1)
    packed = np.ascontiguousarray(q[:, 0::2] | q[:, 1::2] << 4).view("<i4")
    return [packed, blocks["scale"][:, :: group // 32].copy(), np.array(q.shape, "<i8")]


def _across(q: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """uint8[rows, n] to int32[n, rows / 8] in AutoAWQ's order of nibbles."""
    import numpy as np

    grouped = q.reshape(-1, 8, q.shape[1])
    words = np.zeros((grouped.shape[0], q.shape[1]), "<u4")
    for nibble, row in enumerate(ORDER):
        words |= grouped[:, row].astype("<u4") << np.uint32(4 * nibble)
    return np.ascontiguousarray(words.T).view("<i4")
