"""What a model needs on this computer, as the window shows it; pure arithmetic, well under 10 ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from octavo.engine.checkpoint.model import ModelCard, TensorInfo
from octavo.engine.estimate.fit import FitRow, fit_rows
from octavo.engine.hardware.pools import MemoryPool
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.gui.widgets.memory_bar import MODEL_PARTS, Part
from octavo.gui.workspace import Model, Workspace

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from octavo.engine.blocks.types import BlockType


class WithOptions:
    """A quantizer with the options that the user chose, for pricing: only its plan is asked for, and kept."""

    Options: type | None = None

    def __init__(self, quantizer: Quantizer, options: object) -> None:
        self.name, self.summary, self.format = quantizer.name, quantizer.summary, quantizer.format
        self._quantizer, self._options = quantizer, options
        self._planned: tuple[Sequence[TensorInfo], Plan] | None = None

    def plan(self, tensors: Sequence[TensorInfo], options: Any) -> Plan:  # ignored: they are chosen already
        """The plan under the chosen options."""
        if self._planned is None or self._planned[0] is not tensors:
            self._planned = (tensors, self._quantizer.plan(tensors, self._options))
        return self._planned[1]

    def encode(
        self,
        weights: npt.NDArray[np.float32],
        block_type: BlockType,
        importance: npt.NDArray[np.float32] | None,
    ) -> npt.NDArray[np.uint8]:
        """What the quantizer itself would write."""
        return self._quantizer.encode(weights, block_type, importance)


def price(
    card: ModelCard,
    workspace: Workspace,
    quantizers: Sequence[Quantizer] = (),
    *,
    context_tokens: int = 0,
    kv_type: str = "",
    n_threads: int = 0,
    depth: int = 0,
    pools: Sequence[MemoryPool] = (),
) -> list[FitRow]:
    """Price a model as it is and as each quantizer would make it, within the context it was made for.

    Parameters
    ----------
    depth : int
        Tokens in the cache for which the speed is wanted.
    pools : sequence of MemoryPool
        Memories to imagine; by default those of this computer.
    """
    n_threads = n_threads or workspace.n_threads
    return fit_rows(
        card,
        quantizers,
        context_tokens=workspace.context_for(card, context_tokens),
        kv_type=kv_type or workspace.settings.kv_type,
        pools=pools or usable_pools(workspace),
        n_threads=n_threads,
        bandwidth=workspace.bandwidth,
        speeds=workspace.speeds_for(n_threads),
        depth=depth,
    )


def usable_pools(workspace: Workspace) -> list[MemoryPool]:
    """The memories of this computer; what the model in the chat takes is free for the next one."""
    return [
        replace(each, free_bytes=min(each.free_bytes + workspace.loaded_bytes, each.total_bytes))
        if each.kind == "ram"
        else each
        for each in workspace.pools
    ]


def price_of(workspace: Workspace, model: Model) -> FitRow | None:
    """Price a model of the list as it lies; None while its card or the memory is not known."""
    if model.card is None or not workspace.pools:
        return None
    return price(model.card, workspace)[0]


def parts(row: FitRow) -> list[Part]:
    """The parts of a small memory bar: weights, KV cache, and all that is needed to work."""
    sizes = (row.weights_bytes, row.kv_bytes, row.working_bytes + row.program_bytes)
    return [Part(name, size, token) for (name, token), size in zip(MODEL_PARTS[:3], sizes, strict=True)]


def all_parts(row: FitRow) -> list[Part]:
    """The parts of a large memory bar: the program apart."""
    sizes = (row.weights_bytes, row.kv_bytes, row.working_bytes, row.program_bytes)
    return [Part(name, size, token) for (name, token), size in zip(MODEL_PARTS, sizes, strict=True)]
