"""Tensors of a Hugging Face folder as they would stand in a GGUF file: translated while they are read.

Which type each gets, which rows move and what norms gain is llama.cpp's ``convert_hf_to_gguf``:
one-dimensional tensors and norms become F32, all others keep the type they have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.families.family import Family
from octavo.engine.checkpoint.hf_experts import StackedTensor, expert_slices
from octavo.engine.checkpoint.hf_families import gguf_name
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.checkpoint.packed_matrix import PackedEntry, PackedTensor
from octavo.engine.checkpoint.paired_rows import paired_rows
from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported
from octavo.engine.checkpoint.safetensors_header import Entry
from octavo.engine.checkpoint.source_file import SourceFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FLOATS = ("F32", "F16", "BF16", "F64")
_FLOAT32 = ("_norm.weight", "ffn_gate_inp.weight")


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
        Heads whose rows are reordered, 0 for none.
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

    def _converted(self, rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        import numpy as np

        if self.entry.dtype == self.info.block_type.name and not self.shift:
            return np.ascontiguousarray(rows)
        weights = _float32(rows, self.entry.dtype)
        if self.shift:
            weights = weights + np.float32(self.shift)
        return np.ascontiguousarray(weights, "<f4").view(np.uint8)


def _float32(rows: npt.NDArray[np.uint8], dtype: str) -> npt.NDArray[np.float32]:
    import numpy as np

    if dtype == "BF16":
        return (rows.view("<u2").astype("<u4") << np.uint32(16)).view("<f4")
    return rows.view({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype]).astype("<f4")


def translate(
    folder: Path,
    family: Family,
    sources: Mapping[str, tuple[SourceFile, Entry]],
    n_heads: int,
    n_kv_heads: int,
) -> dict[str, HfTensor | PackedTensor | StackedTensor]:
    """All tensors under their GGUF names, in the order of ``sources``; a tied output is left out."""
    result: dict[str, HfTensor | PackedTensor | StackedTensor] = {}
    stacks: dict[str, dict[int, HfTensor | PackedTensor]] = {}
    for source_name, (file, entry) in sources.items():
        slices = expert_slices(source_name, entry) if family.has_experts else []
        name = slices[0].name if slices else gguf_name(family, source_name)
        if name == "":
            continue
        if name is None:
            raise unsupported(
                folder, f"the tensor {shown(source_name)} is not known in {family.architecture} models."
            )
        _check(folder, source_name, entry)
        for each in slices:
            matrix = _plain(each.name, file, each.entry)
            result.setdefault(each.name, matrix)  # its place in the order
            if stacks.setdefault(each.name, {}).setdefault(each.expert, matrix) is not matrix:
                raise unreadable(folder, f"the tensor {shown(source_name)} is there twice.")
        if slices:
            continue
        if name in result:
            raise unreadable(folder, f"the tensor {shown(source_name)} is there twice.")
        tensor = _plain(name, file, entry)
        heads = (
            {"attn_q": n_heads, "attn_k": n_kv_heads}.get(name.split(".")[-2], 0) if family.pairs_rows else 0
        )
        info = tensor.info
        if heads and (info.rows if info.is_matrix else info.columns) % (2 * heads):
            raise unreadable(folder, f"the tensor {name} cannot be shared out evenly among {heads} heads.")
        shift = family.norm_shift if source_name.endswith("norm.weight") else 0.0
        result[name] = replace(tensor, paired_heads=heads, shift=shift)
    return result | {name: _stacked(folder, name, experts) for name, experts in stacks.items()}


def _check(folder: Path, name: str, entry: Entry) -> None:
    if not entry.shape or len(entry.shape) > 4 or 0 in entry.shape:
        raise unreadable(folder, f"the tensor {shown(name)} has no sensible shape.")
    if entry.dtype not in _FLOATS and not isinstance(entry, PackedEntry):
        raise unsupported(folder, f"weights of the type {entry.dtype} are not supported yet.")


def _plain(name: str, file: SourceFile, entry: Entry) -> HfTensor | PackedTensor:
    """A tensor as it lies, but for its type."""
    if isinstance(entry, PackedEntry):
        return PackedTensor(TensorInfo(name, entry.shape, block_type(entry.dtype)), file, entry)
    is_float32 = len(entry.shape) == 1 or name.endswith(_FLOAT32) or entry.dtype == "F64"
    return HfTensor(
        TensorInfo(name, entry.shape, block_type("F32" if is_float32 else entry.dtype)), file, entry
    )


def _stacked(folder: Path, name: str, experts: Mapping[int, HfTensor | PackedTensor]) -> StackedTensor:
    parts = [experts[n] for n in range(len(experts)) if n in experts]
    info = parts[0].info if parts else None
    if info is None or len(parts) < len(experts):
        raise unreadable(folder, f"experts of the tensor {name} are missing.")
    if any(each.info != info for each in parts):
        raise unreadable(folder, f"the experts of the tensor {name} differ in shape or type.")
    return StackedTensor(replace(info, shape=(len(parts), *info.shape)), parts)
