"""What the search finds for one layer after the other, told tensor by tensor as a conversion asks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from octavo.api import (
    BlockType,
    Checkpoint,
    Progress,
    RowEncoder,
    TensorInfo,
    Work,
    encode,
    layer_number,
    layer_run,
)
from octavo_awq.experts import is_router, router_of, scale_into, scales_within
from octavo_awq.folds import folds
from octavo_awq.found import FoundLayer, folded
from octavo_awq.groups import Groups
from octavo_awq.rounding import Rounding
from octavo_awq.scales import Loss, choose_scale, clip, linear_loss, search_clip, search_scale

if TYPE_CHECKING:
    from octavo.api import Seen

Floats = npt.NDArray[np.float32]
N_SAMPLES = 2
"""Windows of 512 tokens through which attention is run for each of the 20 scales; feed-forward takes as many tokens
as one of them, from all."""
_ROWS_AT_ONCE = 64
# Clipping harms what attention compares (AutoAWQ leaves out the same).
_NEVER_CLIPPED = ("attn_q.", "attn_k.", "attn_qkv.", "ffn_gate_inp.")


class Choices(Protocol):
    """What of the plugin's options counts here."""

    @property
    def text(self) -> str:
        """Path of the calibration text, or empty."""

    @property
    def scales(self) -> bool:
        """Whether scales are searched."""

    @property
    def clips(self) -> bool:
        """Whether clipping is searched."""

    @property
    def feedback(self) -> bool:
        """Whether weights make up for each other's errors."""


class AwqCalibration:
    """Searches when the first tensor of a layer is asked for; holds one layer at a time.

    Parameters
    ----------
    source : Checkpoint
    choices : Choices
    group : int
        Weights that share a scale, in the search.
    symmetric : bool
        Whether groups have no zero point.
    pack : function (Groups, BlockType) -> uint8[rows, row_bytes], or None
        Packs rounded rows; None for a GGUF, whose blocks are the engine's.
    """

    # What is found of a layer depends on that layer alone: a killed conversion asks only for what is missing.
    is_stateless = True

    def __init__(
        self,
        source: Checkpoint,
        choices: Choices,
        group: int,
        *,
        symmetric: bool,
        pack: Callable[[Groups, BlockType], npt.NDArray[np.uint8]] | None,
        n_threads: int = 0,
    ) -> None:
        self._source = source
        self._choices = choices
        self._group, self._symmetric = group, symmetric
        self._pack = pack
        # Error feedback knows how much tokens count; the paper's losses count them all the same.
        self._run = layer_run(
            source,
            choices.text,
            n_samples=0 if choices.feedback else N_SAMPLES,
            weighted=choices.feedback,
            n_threads=n_threads,
        )
        self._rounding = Rounding(
            group,
            symmetric=symmetric,
            clips=choices.clips,
            feedback=choices.feedback,
            pack=pack,
            n_threads=n_threads,
        )
        self._searches = choices.scales or choices.clips or choices.feedback
        self._number = -1
        self._layer = FoundLayer()

    def encoder(self, tensor: TensorInfo, to: BlockType) -> Work[RowEncoder]:
        """Search the tensor's layer if that is not done, and give the encoder of its rows."""
        number = layer_number(tensor.name)
        if number >= 0 and number != self._number:
            self._number = -1
            self._layer = FoundLayer()
            self._rounding.forget()
            if self._searches:
                self._layer = yield from self._search(number)
            self._number = number
        found = self._layer if number >= 0 else FoundLayer()
        if tensor.name in found.routed and not to.is_float:
            return self._rounding.of_experts(tensor, to, found)
        stem, _, kind = tensor.name.rpartition(".")
        columns = found.columns.get(tensor.name)
        rows = found.rows.get(f"{stem}.weight")
        limits = found.limits.get(tensor.name)
        if kind == "bias" and rows is not None:  # a bias has as many numbers as its matrix has rows
            return lambda weights, _: encode(weights / rows, to)
        rounded = self._rounding.encoder(tensor, to, found)

        def encoded(weights: Floats, first: int) -> npt.NDArray[np.uint8]:
            here = slice(first, first + len(weights))
            changed = folded(weights, columns, rows if rows is None else rows[here])
            return rounded(changed if limits is None else clip(changed, limits[here]), first)

        return encoded

    @property
    def notes(self) -> list[str]:
        """What people should know, when all tensors were asked for."""
        return self._rounding.notes

    def close(self) -> None:
        """End the threads, and forget what was found."""
        self._run.close()
        self._number, self._layer = -1, FoundLayer()
        self._rounding.forget()

    def _search(self, number: int) -> Work[FoundLayer]:
        has_limits = bool(self._pack) and self._choices.clips and not self._choices.feedback
        n_stages = 3 if has_limits else 2
        seen = yield from self._reach(number, n_stages)
        found = FoundLayer()
        for at, product in enumerate(seen):
            yield self._progress("scales", number, len(seen) + at, n_stages * len(seen))
            for name in product.tensors:
                if product.routed is None:
                    found.moments[name] = product.moments
                else:
                    found.routed[name] = product.routed
            if product.routed is not None:
                self._search_experts(product, router_of(product, seen), found)
                continue
            fold = folds(self._source, product.tensors, product.norm)
            if fold is None or is_router(product) or not self._choices.scales:
                continue
            matrices = [self._run.weights(name) for name in product.tensors]
            scale = self._scale(number, at, seen, matrices)
            if scale is not None:
                found.note(product.tensors, fold, scale)
        if not has_limits:
            return found
        for at, product in enumerate(seen):
            yield self._progress("limits", number, 2 * len(seen) + at, n_stages * len(seen))
            for name in product.tensors:
                if product.routed is None and not any(part in name for part in _NEVER_CLIPPED):
                    found.limits[name] = self._limits(found, name)
        return found

    def _reach(self, number: int, n_stages: int) -> Work[list[Seen]]:
        """Run text up to a layer, told as the first of the stages."""
        with contextlib.closing(self._run.reach(number)) as work:
            while True:
                try:
                    step = next(work)
                except StopIteration as end:
                    seen: list[Seen] = end.value
                    return seen
                yield replace(step, total=n_stages * step.total)

    def _progress(self, what: str, number: int, done: int, total: int) -> Progress:
        return Progress(done, total, f"search {what} of layer {number}", number + 1, self._run.n_layers)

    def _search_experts(self, product: Seen, router: Seen | None, found: FoundLayer) -> None:
        """Scales for experts, by the products' own outputs."""
        fold = folds(self._source, product.tensors, product.norm)
        stacks = [each for each in map(self._source.tensor, product.tensors) if each is not None]
        assert product.routed is not None  # it is of experts
        if router is not None:
            for name in product.tensors:
                found.moments[name] = router.moments
        if fold is None or not self._choices.scales:
            return
        if not fold.is_norm:
            scales = scales_within(stacks[0], product.routed, self._run.weights, self._choose)
            found.note(product.tensors, fold, scales)
        elif router is not None:
            scale = scale_into(stacks, router, self._run.weights, self._choose)
            if scale is not None:
                found.note((*product.tensors, *router.tensors), fold, scale)

    def _scale(self, number: int, at: int, seen: Sequence[Seen], matrices: Sequence[Floats]) -> Floats | None:
        product = seen[at]
        if not self._choices.feedback:
            loss = self._loss(number, at, seen, matrices)
            return search_scale(matrices, product.mean_abs, self._group, loss, symmetric=self._symmetric)
        return self._choose(matrices, product.mean_abs, product.moments)

    def _choose(self, matrices: Sequence[Floats], inputs: Floats, moments: Floats) -> Floats | None:
        """The scale that leaves least error in the product's own outputs."""
        if not self._choices.feedback:
            loss = linear_loss(matrices, moments)
            return search_scale(matrices, inputs, self._group, loss, symmetric=self._symmetric)

        def rounded(some: Sequence[Floats], scale: Floats | None) -> list[Floats]:
            rounds = self._rounding.groups(moments, scale)
            return in_parts(some, lambda part: rounds(part).weights(), self._run.share)

        return choose_scale(matrices, inputs, moments, self._group, rounded)

    def _limits(self, found: FoundLayer, name: str) -> Floats:
        scale, moments = found.columns.get(name), found.moments[name]
        weights = folded(self._run.weights(name), scale, found.rows.get(name))
        if scale is not None:
            moments = moments / np.outer(scale, scale)
        return search_clip(weights, moments, self._group, symmetric=self._symmetric)

    def _loss(self, number: int, at: int, seen: Sequence[Seen], matrices: Sequence[Floats]) -> Loss:
        """On the module's output: of attention or feed-forward as a whole, or of the product where that is all."""
        product = seen[at]
        if not product.norm or at + 1 >= len(seen) or seen[at + 1].norm:
            return linear_loss(matrices, product.moments)
        after = seen[at + 1]
        output = self._run.weights(after.tensors[0])
        pairs = list(zip(product.samples, after.samples, strict=True))
        if ".ffn_" in product.tensors[0]:  # no token knows of another there
            pairs = [(_spread(product.samples), _spread(after.samples))]

        def loss(rounded: Sequence[Floats]) -> float:
            total = 0.0
            changed = dict(zip(product.tensors, rounded, strict=True))
            for inputs, usual in pairs:
                change = (self._run.follow(number, at, inputs, changed) - usual) @ output.T
                changed = {}  # they stay
                total += float(np.einsum("ij,ij->", change, change, dtype=np.float64))
            return total

        return loss


def in_parts(
    matrices: Sequence[Floats], change: Callable[[Floats], Floats], share: Callable[..., Iterable[Floats]]
) -> list[Floats]:
    """Change each matrix, some rows at a time, in several threads."""
    parts = [
        [each[at : at + _ROWS_AT_ONCE] for at in range(0, len(each), _ROWS_AT_ONCE)] for each in matrices
    ]
    done = iter(list(share(change, [part for each in parts for part in each])))
    return [np.concatenate([next(done) for _ in each]) for each in parts]


def _spread(samples: Sequence[Floats]) -> Floats:
    """As many tokens as one sample has, from all."""
    return np.concatenate([each[:: len(samples)] for each in samples])[: len(samples[0])]
