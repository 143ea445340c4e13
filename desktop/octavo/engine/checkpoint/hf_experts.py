"""Experts of a Hugging Face folder, stacked into one tensor while they are read.

GGUF keeps a layer's experts in one tensor [experts, rows, columns]. Folders hold a matrix for each expert, or (as
transformers 5 keeps them in memory) all in one tensor, gate and up then in one with the rows of gate first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.checkpoint.safetensors_header import Entry

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from octavo.engine.checkpoint.hf_tensor import HfTensor
    from octavo.engine.checkpoint.packed_matrix import PackedTensor

_BLOCK = r"model\.layers\.(0|[1-9][0-9]{0,3})\.(?:mlp|block_sparse_moe)\.experts\."
_ONE = re.compile(_BLOCK + r"(0|[1-9][0-9]{0,4})\.(w1|w2|w3|gate_proj|up_proj|down_proj)\.weight")
_ALL = re.compile(_BLOCK + r"(gate_up_proj|gate_proj|up_proj|down_proj)(?:\.weight)?")
_GGUF = {
    "w1": ("gate",),
    "w2": ("down",),
    "w3": ("up",),
    "gate_proj": ("gate",),
    "up_proj": ("up",),
    "down_proj": ("down",),
    "gate_up_proj": ("gate", "up"),
}


@dataclass(frozen=True)
class ExpertSlice:
    """One expert's matrix: GGUF's name of the stack, its place in it, and where its weights lie."""

    name: str
    expert: int
    entry: Entry


def expert_slices(name: str, entry: Entry) -> list[ExpertSlice]:
    """The experts' matrices in a tensor of a folder; none if it holds something else, or is misshapen."""
    one = _ONE.fullmatch(name)
    if one is not None and len(entry.shape) == 2:
        (kind,) = _GGUF[one[3]]
        return [ExpertSlice(f"blk.{one[1]}.ffn_{kind}_exps.weight", int(one[2]), entry)]
    match = _ALL.fullmatch(name)
    if match is None or len(entry.shape) != 3 or entry.shape[1] % len(_GGUF[match[2]]):
        return []
    kinds = _GGUF[match[2]]
    n_experts, rows, columns = entry.shape[0], entry.shape[1] // len(kinds), entry.shape[2]
    n_bytes = rows * columns * entry.item_bytes
    return [
        ExpertSlice(
            f"blk.{match[1]}.ffn_{kind}_exps.weight",
            expert,
            replace(entry, shape=(rows, columns), offset=entry.offset + n_bytes * (expert * len(kinds) + n)),
        )
        for n, kind in enumerate(kinds)
        for expert in range(n_experts)
    ]


def expert_names(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The names of matrices that hold one expert each, in the experts' order, by GGUF's name of their stack."""
    found: dict[str, dict[int, str]] = {}
    for name in names:
        if one := _ONE.fullmatch(name):
            (kind,) = _GGUF[one[3]]
            found.setdefault(f"blk.{one[1]}.ffn_{kind}_exps.weight", {})[int(one[2])] = name
    return {stack: tuple(each[n] for n in sorted(each)) for stack, each in found.items()}


@dataclass(frozen=True)
class StackedTensor:
    """Matrices of one shape and type, one behind the other; see ``HfTensor`` for what the members mean."""

    info: TensorInfo
    parts: Sequence[HfTensor | PackedTensor]

    def read(self, first_row: int, n_rows: int) -> npt.NDArray[np.uint8]:
        """Rows as uint8[rows, row_bytes], those of all matrices counted together."""
        import numpy as np

        each = self.parts[0].info.rows
        rows = np.empty((n_rows, self.info.block_type.row_bytes(self.info.columns)), np.uint8)
        done = 0
        while done < n_rows:
            part, start = divmod(first_row + done, each)
            n = min(n_rows - done, each - start)
            rows[done : done + n] = self.parts[part].read(start, n)
            done += n
        return rows
