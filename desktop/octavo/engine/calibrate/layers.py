"""The moments of one layer after the other: text runs through the model with one layer's weights in memory."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.encoders.feedback import round_with_feedback, take_over
from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.damaged_layer import require_finite
from octavo.engine.calibrate.moments import Map, Moments
from octavo.engine.calibrate.routed import RoutedInputs, keep_routed
from octavo.engine.calibrate.streams import Streams
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.inference.layered import LayeredModel, compile_layered
from octavo.engine.inference.program_steps import Product
from octavo.engine.kernels.moments import add_moments
from octavo.engine.progress import Progress, Work

Floats = npt.NDArray[np.float32]


# What went into each product of a layer.
Found = dict[Product, Moments | RoutedInputs]


def compile_calibration(*, has_experts: bool = False, types: Iterable[BlockType] = ()) -> Work[None]:
    """Compile what a calibration needs and is not in the cache, ``types`` being those of the model's matrices."""
    entries = (add_moments, take_over, round_with_feedback)
    yield from compile_layered(*entries, has_experts=has_experts, types=types)


class Layers:
    """Walks through a model's layers.

    Parameters
    ----------
    checkpoint : Checkpoint
    windows : int64[windows, tokens]
    n_threads : int
        0 for all usable cores.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        windows: npt.NDArray[np.int64],
        n_threads: int = 0,
    ) -> None:
        n_threads = n_threads or usable_threads()
        self._threads = ThreadPoolExecutor(n_threads, thread_name_prefix="octavo-moments")
        self.share: Map = self._threads.map
        self.model = LayeredModel(checkpoint, windows.shape[1], n_threads, is_fixed=True)
        self._windows = windows
        self._streams = Streams(checkpoint.files(), windows, self.model.shape.n_embedding, n_threads)
        self._next = 0

    def close(self) -> None:
        """End the threads, and leave nothing on the disk."""
        self._streams.close()
        self.model.close()
        self._threads.shutdown()

    def reach(self, layer: int) -> Work[Found]:
        """Run all layers up to this one; the moments of its products.

        Asking for an earlier layer begins again.
        """
        if layer < self._next or not self._streams.is_whole:
            self._next = self._streams.begin(layer, lambda n: self.model.embed(self._windows[n]))
        found: Found = {}
        for each in range(self._next, layer + 1):
            found = yield from self._run(each, is_wanted=each == layer)
            self._next = each + 1
        return found

    def _run(self, layer: int, *, is_wanted: bool) -> Work[Found]:
        found: Found = {}
        n = len(self._windows)
        self.model.lend_layer(layer)
        try:
            for done in range(n):
                yield Progress(done, n, f"calibrate layer {layer}", layer + 1, self.model.shape.n_layers)
                hidden = self._streams.read(done)
                if is_wanted:
                    self._count(layer, hidden, found)
                else:
                    self.model.run(layer, hidden)
                require_finite(self.model, layer, hidden)
                self._streams.write(done, hidden)
            self._streams.advance()
        finally:
            self.model.drop(layer)
        return found

    def _count(self, layer: int, hidden: Floats, found: Found) -> None:
        waiting: dict[Product, Floats] = {}

        def see(product: Product, x: Floats) -> None:
            if product.norm and not product.experts:
                _moments(found, product, x).add(x, None, self.share)
            else:
                waiting[product] = x.copy()

        self.model.run(layer, hidden, see)
        # What is added to the residual stream counts as much as it changes the norm of the stream that comes out.
        squares = np.einsum("ij,ij->i", hidden, hidden) / hidden.shape[1]
        weights = np.float32(1) / np.maximum(squares, np.float32(1e-12))
        for product in list(waiting):
            x = waiting.pop(product)
            if product.experts:
                routed = found.setdefault(product, RoutedInputs(x.shape[1]))
                assert isinstance(routed, RoutedInputs)  # of experts there are no others
                keep_routed(self.model, routed, product.experts, x, squares)
            else:
                _moments(found, product, x).add(x, weights, self.share)


def _moments(found: Found, product: Product, inputs: Floats) -> Moments:
    if product not in found:
        found[product] = Moments(inputs.shape[1])
    moments = found[product]
    assert isinstance(moments, Moments)  # only experts have others
    return moments
