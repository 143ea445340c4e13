"""A text's way through a model, one layer after the other: what goes into each product is shown on the way."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from octavo.engine.calibrate.damaged_layer import require_finite
from octavo.engine.calibrate.moments import Map
from octavo.engine.calibrate.streams import Streams
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.inference.layered import LayeredModel
from octavo.engine.inference.program_steps import Product
from octavo.engine.progress import Progress, Work

Floats = npt.NDArray[np.float32]
# Takes a product, what goes into it float32[rows, columns], and the mean squares float32[tokens] of the residual stream
# behind the layer; None where the product's results do not count as what they change in that stream. The inputs are
# valid until it returns where there are no squares, and its own where there are.
Take = Callable[[Product, Floats, Floats | None], None]


class LayerWalk:
    """Runs layers over all windows of a text; memory holds one layer's weights, the disk what becomes of the text.

    Parameters
    ----------
    checkpoint : Checkpoint
    windows : int64[windows, tokens]
    n_threads : int
        0 for all usable cores.
    is_fixed : bool
        As in ``LayeredModel``.

    Attributes
    ----------
    model : LayeredModel
    share : callable
        ``map`` in several threads, for functions that compute without Python.
    """

    def __init__(
        self, checkpoint: Checkpoint, windows: npt.NDArray[np.int64], n_threads: int = 0, *, is_fixed: bool
    ) -> None:
        n_threads = n_threads or usable_threads()
        self._threads = ThreadPoolExecutor(n_threads, thread_name_prefix="octavo-layer")
        self.share: Map = self._threads.map
        self.model = LayeredModel(checkpoint, windows.shape[1], n_threads, is_fixed=is_fixed)
        self._windows = windows
        self._streams = Streams(checkpoint.files(), windows, self.model.shape.n_embedding, n_threads)
        self._next = 0

    def close(self) -> None:
        """End the threads, and leave nothing on the disk."""
        self._streams.close()
        self.model.close()
        self._threads.shutdown()

    def reach(
        self, layer: int, run: Callable[[int, Floats], None], *, keeps_weights: bool = False
    ) -> Work[None]:
        """Run all layers up to this one, which ``run`` runs with a window's number and its streams.

        Asking for an earlier layer begins again.

        Parameters
        ----------
        keeps_weights : bool
            Whether the layer's matrices stay until the next call.
        """
        if self._next:
            self.model.drop(self._next - 1)
        if layer < self._next or not self._streams.is_whole:
            self._next = self._streams.begin(layer, lambda n: self.model.embed(self._windows[n]))
        for each in range(self._next, layer + 1):
            is_last = each == layer
            yield from self._run(each, run if is_last else None, keeps_weights=is_last and keeps_weights)
            self._next = each + 1

    def _run(
        self, layer: int, run: Callable[[int, Floats], None] | None, *, keeps_weights: bool
    ) -> Work[None]:
        n = len(self._windows)
        is_done = False
        self.model.lend_layer(layer)
        try:
            for number in range(n):
                yield Progress(number, n, f"calibrate layer {layer}", layer + 1, self.model.shape.n_layers)
                hidden = self._streams.read(number)
                if run is None:
                    self.model.run(layer, hidden)
                else:
                    run(number, hidden)
                require_finite(self.model, layer, hidden)
                self._streams.write(number, hidden)
            self._streams.advance()
            is_done = True
        finally:
            if not (is_done and keeps_weights):
                self.model.drop(layer)

    def show(self, layer: int, hidden: Floats, take: Take, *, keeps: bool = False) -> None:
        """Run a layer over a window's streams, and show what goes into its products.

        Parameters
        ----------
        keeps : bool
            Whether ``take`` keeps all that it is shown, so that everything is its own.
        """
        waiting: dict[Product, Floats] = {}

        def see(product: Product, x: Floats) -> None:
            if product.norm and not product.experts and not keeps:
                take(product, x, None)
            else:
                waiting[product] = x.copy()

        self.model.run(layer, hidden, see)
        squares = np.einsum("ij,ij->i", hidden, hidden) / hidden.shape[1]
        for product in list(waiting):
            is_inner = product.norm and not product.experts
            take(product, waiting.pop(product), None if is_inner else squares)


def stream_weights(squares: Floats) -> Floats:
    """How much an error counts that is added to the residual stream, float32[tokens]: as it changes its norm."""
    return np.asarray(np.float32(1) / np.maximum(squares, np.float32(1e-12)), np.float32)
