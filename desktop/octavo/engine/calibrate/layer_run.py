"""Text run through a model layer by layer, for methods that look for scales: what goes in, and what would come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.encoders.feedback import round_with_feedback, take_over
from octavo.engine.blocks.encoders.int4_range import find_int4_ranges
from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.layer_walk import LayerWalk, stream_weights
from octavo.engine.calibrate.moments import Map, Moments
from octavo.engine.calibrate.routed import RoutedInputs, keep_routed
from octavo.engine.calibrate.windows import calibration_text, calibration_windows
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.folders import expanded
from octavo.engine.inference.layered import compile_layered
from octavo.engine.inference.program_steps import Product
from octavo.engine.kernels.moments import add_moments
from octavo.engine.progress import Work

Floats = npt.NDArray[np.float32]


def compile_search(*, has_experts: bool = False, types: Iterable[BlockType] = ()) -> Work[None]:
    """Compile what a search needs and is not in the cache, ``types`` being those of the model's matrices."""
    entries = (add_moments, take_over, round_with_feedback, find_int4_ranges)
    yield from compile_layered(*entries, has_experts=has_experts, types=types)


@dataclass
class Seen:
    """What went into one product of a layer.

    Parameters
    ----------
    tensors : tuple of str
        The matrices, which share their input.
    norm : str
        The norm that made the input; empty if there is none.
    mean_abs : float32[columns]
        Mean magnitude of each column, over all text.
    moments : float32[columns, columns]
        Mean of x x^T, over all text.
    samples : list of float32[tokens, columns]
        The inputs of a few windows.
    routed : RoutedInputs or None
        Of experts, the inputs of each; then there are no other moments here, and no samples.
    """

    tensors: tuple[str, ...]
    norm: str
    mean_abs: Floats
    moments: Floats
    samples: list[Floats] = field(default_factory=list)
    routed: RoutedInputs | None = None


class LayerRun:
    """Walks through a model's layers; memory holds one layer's weights and the hidden states of the text.

    Parameters
    ----------
    checkpoint : Checkpoint
    text : str
        Path of the text; empty for the one that comes with Octavo.
    n_samples : int
        Windows whose inputs are kept, spread over the text.
    weighted : bool
        Whether tokens count in the moments as error feedback counts them, or all the same.
    n_threads : int
        0 for all usable cores.
    """

    def __init__(
        self, checkpoint: Checkpoint, text: str, n_samples: int, *, weighted: bool, n_threads: int = 0
    ) -> None:
        path = expanded(Path(text.strip())) if text.strip() else None
        self._checkpoint = checkpoint
        self._windows = calibration_windows(checkpoint, calibration_text(path))
        self._weighted = weighted
        self._n_threads = n_threads
        self._kept = set(np.linspace(0, len(self._windows) - 1, n_samples).astype(int).tolist())
        self._walk: LayerWalk | None = None

    @property
    def n_layers(self) -> int:
        """Of the model."""
        return self._checkpoint.hyperparameters.n_layers

    @property
    def share(self) -> Callable[..., Iterable[Any]]:  # whatever the function gives
        """``map``, in several threads once a layer was reached, for functions that compute without Python."""
        return self._walk.share if self._walk is not None else map

    def reach(self, layer: int) -> Work[list[Seen]]:
        """Run all layers up to this one; what went into its products.

        The model holds their matrices until the next call where samples are kept.
        """
        if self._walk is None:
            yield from compile_layered(
                *(add_moments, take_over, round_with_feedback, find_int4_ranges),
                has_experts=self._checkpoint.hyperparameters.n_experts > 0,
                types={each.block_type for each in self._checkpoint.tensors if each.is_matrix},
            )
            # Weights are changed where samples are to go through them again.
            self._walk = LayerWalk(self._checkpoint, self._windows, self._n_threads, is_fixed=not self._kept)
        walk = self._walk
        sums: dict[Product, _Sums] = {}
        routed: dict[Product, RoutedInputs] = {}
        products = walk.model.products(layer)
        for product in products:
            columns = _columns(self._checkpoint, product)
            if product.experts:
                routed[product] = RoutedInputs(columns)
            else:
                sums[product] = _Sums(columns, self._weighted)

        def count(number: int, hidden: Floats) -> None:
            keeps = number in self._kept

            def take(product: Product, x: Floats, squares: Floats | None) -> None:
                if product.experts and squares is not None:
                    keep_routed(walk.model, routed[product], product.experts, x, squares)
                else:
                    weights = None if squares is None else stream_weights(squares)
                    sums[product].add(x, weights, walk.share, keeps=keeps)

            walk.show(layer, hidden, take, keeps=keeps)

        yield from walk.reach(layer, count, keeps_weights=bool(self._kept))
        return [sums[each].seen(each) if each in sums else _routed(each, routed[each]) for each in products]

    def weights(self, name: str, first_row: int = 0, n_rows: int | None = None) -> Floats:
        """The model's own weights of a matrix, or of some of its rows, float32[rows, columns]."""
        assert self._walk is not None  # a layer was reached
        if n_rows is None:
            return self._walk.model.read(name)
        return self._walk.model.rows(name, first_row, n_rows)

    def follow(self, layer: int, product: int, inputs: Floats, changed: Mapping[str, Floats]) -> Floats:
        """What would go into the next product of the layer if the matrices of this one were ``changed``."""
        assert self._walk is not None  # a layer was reached
        for name, weights in changed.items():
            self._walk.model.lend(name, weights)
        return self._walk.model.follow(layer, product, inputs)

    def close(self) -> None:
        """End the threads, and forget; asking again begins again."""
        if self._walk is not None:
            self._walk.close()
        self._walk = None


class _Sums:
    def __init__(self, columns: int, weighted: bool) -> None:
        self._abs = np.zeros(columns, np.float64)
        self._weighted = Moments(columns) if weighted else None
        self._moments = np.zeros((0, 0) if weighted else (columns, columns), np.float32)
        self._samples: list[Floats] = []
        self._n = 0

    def add(self, x: Floats, weights: Floats | None, run: Map, *, keeps: bool) -> None:
        self._n += len(x)
        self._abs += np.abs(x).sum(axis=0, dtype=np.float64)
        if self._weighted is None:
            self._moments += x.T @ x
        else:
            self._weighted.add(x, weights, run)
        if keeps:
            self._samples.append(x)

    def seen(self, product: Product) -> Seen:
        return Seen(
            product.tensors,
            product.norm,
            (self._abs / self._n).astype(np.float32),
            self._moments / np.float32(self._n) if self._weighted is None else self._weighted.weighted(),
            self._samples,
        )


def _routed(product: Product, inputs: RoutedInputs) -> Seen:
    nothing = np.zeros((0, 0), np.float32)
    return Seen(product.tensors, product.norm, nothing[0:0].reshape(-1), nothing, routed=inputs)


def _columns(checkpoint: Checkpoint, product: Product) -> int:
    tensor = checkpoint.tensor(product.tensors[0])
    assert tensor is not None  # names come from the program
    return tensor.columns
