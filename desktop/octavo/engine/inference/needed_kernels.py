"""Which compiled entries a model needs, and compiling them before it is loaded."""

from __future__ import annotations

from collections.abc import Iterable

from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.errors import UnsupportedModel
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.kernels import attention, attention_tile, experts, program, sample, whole_rows
from octavo.engine.kernels.layout import LAYOUTS
from octavo.engine.kernels.repack_rows import repack_rows
from octavo.engine.kernels.weights import entries_for
from octavo.engine.progress import Work
from octavo.engine.simd.compile_ahead import compile_ahead
from octavo.engine.simd.jit import Entry

_KV_KINDS = {"f16": attention_tile.F16, "q8_0": attention_tile.Q8_0, "f32": attention_tile.F32}
_COMMON_TYPES = ("Q8_0", "Q5_0", "Q4_K", "Q6_K", "Q4_1", "Q4_0", "Q5_1", "Q5_K", "F16", "BF16", "F32")


def compile_kernels(checkpoint: Checkpoint, kv_type: str) -> Work[None]:
    """Compile those kernels of a model that are not in the cache.

    Raises
    ------
    UnsupportedModel
        It has weights of a type without kernels.
    """
    types = {each.block_type.name: each.block_type for each in checkpoint.tensors if each.is_matrix}
    unknown = sorted(set(types) - set(LAYOUTS))
    if unknown:
        raise UnsupportedModel(
            f"The model has weights in {', '.join(unknown)}, which cannot run yet.",
            "Convert it from its original to Q8_0 or Q4_K_M.",
        )
    shape = checkpoint.hyperparameters
    rare = [*experts.ENTRIES] if shape.n_experts else []
    rare += whole_rows.ENTRIES if shape.architecture in ("granite", "olmo2", "mistral3") else ()
    yield from compile_ahead([*rare, *entries_of(types.values(), (kv_type,))], usable_threads())


def warm_kernels() -> Work[None]:
    """Compile the kernels of all common models; at a first start, while nobody waits for them."""
    yield from compile_ahead(common_entries(), usable_threads())


def common_entries() -> list[Entry]:
    """The entries that all common models need together."""
    return entries_of([block_type(name) for name in _COMMON_TYPES], ("f16", "q8_0"))


def entries_of(types: Iterable[BlockType], kv_types: Iterable[str]) -> list[Entry]:
    """What such models need; the largest first, so that the processes that compile them end together."""
    entries = [program.run]
    entries += [attention.ATTEND_ENTRIES[_KV_KINDS[each]] for each in kv_types]
    entries.append(sample.sample)
    for each in types:
        entries += entries_for(each)
    return [*entries, repack_rows, program.work, program.announce]
