"""How rows become blocks or groups, given what was found of their layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from octavo.api import (
    BlockType,
    RowEncoder,
    TensorInfo,
    encode,
    expert_encoder,
    feedback_encoder,
    group_rounder,
)
from octavo_awq.found import FoundLayer, folded
from octavo_awq.groups import Groups, round_groups

if TYPE_CHECKING:
    from octavo.api import RoutedInputs

Floats = npt.NDArray[np.float32]
Pack = Callable[[Groups, BlockType], npt.NDArray[np.uint8]]


class Rounding:
    """Gives the encoders of tensors.

    Parameters
    ----------
    group : int
        Weights that share a scale.
    symmetric : bool
        Whether groups have no zero point.
    clips, feedback : bool
        The user's choices.
    pack : function or None
        Packs rounded rows; None for a GGUF, whose blocks are the engine's.
    n_threads : int
    """

    def __init__(
        self, group: int, *, symmetric: bool, clips: bool, feedback: bool, pack: Pack | None, n_threads: int
    ) -> None:
        self._group, self._symmetric = group, symmetric
        self._clips, self._feedback = clips, feedback
        self._pack = pack
        self._n_threads = n_threads
        # By product and type: a product's matrices share what their inputs say.
        self._kept: dict[tuple[int, str], RowEncoder] = {}
        self._n_unknown = self._n_experts = 0

    def forget(self) -> None:
        """Another layer begins."""
        self._kept = {}

    @property
    def notes(self) -> list[str]:
        """What people should know of the experts."""
        if not self._n_unknown:
            return []
        return [
            f"{self._n_unknown} of {self._n_experts} experts saw too little of the text to be calibrated alone: "
            "their inputs were taken from all tokens, and what comes out of them was rounded to the nearest."
        ]

    def encoder(self, tensor: TensorInfo, to: BlockType, found: FoundLayer) -> RowEncoder:
        """The encoder of rows that are scaled already."""
        if to.is_float:
            return lambda weights, _: encode(weights, to)
        moments = found.moments.get(tensor.name)
        if moments is None or not self._feedback:
            return self._nearest(to)
        key = (id(moments), to.name)
        if key not in self._kept:
            self._kept = {key: self._with_feedback(moments, found.columns.get(tensor.name), to)}
        return self._kept[key]

    def of_experts(self, tensor: TensorInfo, to: BlockType, found: FoundLayer) -> RowEncoder:
        """The encoder of the source's rows: each expert's with the moments of its own tokens, or of all."""
        routed, rows = found.routed[tensor.name], found.rows.get(tensor.name)
        columns, of_all = found.columns.get(tensor.name), found.moments.get(tensor.name)

        def own(expert: int) -> RowEncoder:
            scale = columns[expert] if columns is not None and columns.ndim == 2 else columns
            moments = routed.moments(expert) if routed.knows(expert) else of_all
            if moments is None or not self._feedback:
                rounded = self._nearest(to)
            else:
                rounded = self._with_feedback(moments, scale, to)

            def encoded(weights: Floats, first: int) -> npt.NDArray[np.uint8]:
                divisors = None if rows is None else rows[first : first + len(weights)]
                return rounded(folded(weights, scale, divisors), first)

            return encoded

        self._count_unknown(tensor, routed)
        return expert_encoder(tensor.shape[1], own, self._n_threads)

    def groups(self, moments: Floats, scale: Floats | None) -> Callable[[Floats], Groups]:
        """What rounds rows to groups, knowing the moments of inputs that will be divided by the scale."""
        rounds = group_rounder(moments, self._group, scale, symmetric=self._symmetric, clips=self._clips)
        return lambda weights: Groups(*rounds(weights))

    def _nearest(self, to: BlockType) -> RowEncoder:
        pack, group, symmetric = self._pack, self._group, self._symmetric
        if pack is None:
            return lambda weights, _: encode(weights, to)
        return lambda weights, _: pack(round_groups(weights, group, symmetric=symmetric), to)

    def _with_feedback(self, moments: Floats, scale: Floats | None, to: BlockType) -> RowEncoder:
        pack = self._pack
        if pack is None:
            return feedback_encoder(to, moments, scale)
        rounds = self.groups(moments, scale)
        return lambda weights, _: pack(rounds(weights), to)

    def _count_unknown(self, tensor: TensorInfo, routed: RoutedInputs) -> None:
        if self._feedback and "ffn_down" in tensor.name:  # once for each layer
            self._n_unknown += sum(not routed.knows(each) for each in range(tensor.shape[0]))
            self._n_experts += tensor.shape[0]
