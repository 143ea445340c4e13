"""The moments of one layer after the other: text runs through the model with one layer's weights in memory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.encoders.feedback import round_with_feedback, take_over
from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.layer_walk import LayerWalk, stream_weights
from octavo.engine.calibrate.moments import Map, Moments
from octavo.engine.calibrate.routed import RoutedInputs, keep_routed
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.inference.layered import compile_layered
from octavo.engine.inference.program_steps import Product
from octavo.engine.kernels.moments import add_moments
from octavo.engine.progress import Work

Floats = npt.NDArray[np.float32]


# What went into each product of a layer.
Found = dict[Product, Moments | RoutedInputs]


def compile_calibration(*, has_experts: bool = False, types: Iterable[BlockType] = ()) -> Work[None]:
    """Compile what a calibration needs and is not in the cache, ``types`` being those of the model's matrices."""
    entries = (add_moments, take_over, round_with_feedback)
    yield from compile_layered(*entries, has_experts=has_experts, types=types)


class Layers:
    """Counts what goes into a model's layers on a ``LayerWalk``, which says what its parameters are."""

    def __init__(self, checkpoint: Checkpoint, windows: npt.NDArray[np.int64], n_threads: int = 0) -> None:
        self._walk = LayerWalk(checkpoint, windows, n_threads, is_fixed=True)

    @property
    def share(self) -> Map:
        """The walk's ``map`` in several threads."""
        return self._walk.share

    def close(self) -> None:
        """End the threads, and leave nothing on the disk."""
        self._walk.close()

    def reach(self, layer: int) -> Work[Found]:
        """Run all layers up to this one; the moments of its products.

        Asking for an earlier layer begins again.
        """
        found: Found = {}

        def take(product: Product, x: Floats, squares: Floats | None) -> None:
            if product.experts and squares is not None:
                routed = found.setdefault(product, RoutedInputs(x.shape[1]))
                assert isinstance(routed, RoutedInputs)  # of experts there are no others
                keep_routed(self._walk.model, routed, product.experts, x, squares)
            else:
                weights = None if squares is None else stream_weights(squares)
                _moments(found, product, x).add(x, weights, self._walk.share)

        yield from self._walk.reach(layer, lambda _, hidden: self._walk.show(layer, hidden, take))
        return found


def _moments(found: Found, product: Product, inputs: Floats) -> Moments:
    if product not in found:
        found[product] = Moments(inputs.shape[1])
    moments = found[product]
    assert isinstance(moments, Moments)  # only experts have others
    return moments
