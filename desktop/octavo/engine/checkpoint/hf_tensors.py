"""Tensors of a Hugging Face folder under the names that a GGUF file gives them, and what happens to each on the way.

Which type each gets, which rows move and what norms gain is llama.cpp's ``convert_hf_to_gguf``:
one-dimensional tensors and norms become F32, all others keep the type they have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.families.family import Family
from octavo.engine.checkpoint.hf_experts import StackedTensor, expert_slices
from octavo.engine.checkpoint.hf_families import gguf_name
from octavo.engine.checkpoint.hf_tensor import HfTensor
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.checkpoint.packed_matrix import PackedEntry, PackedTensor
from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported
from octavo.engine.checkpoint.safetensors_header import Entry
from octavo.engine.checkpoint.source_file import SourceFile

_FLOATS = ("F32", "F16", "BF16", "F64")
_FLOAT32 = ("_norm.weight", "ffn_gate_inp.weight")


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
