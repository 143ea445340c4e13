"""Weights read in slabs and packed by several threads at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.codec import decode
from octavo.engine.checkpoint.model import Checkpoint, TensorInfo
from octavo.engine.checkpoint.needed_tensors import used_tensors
from octavo.engine.errors import UnreadableModel
from octavo.engine.inference.memory import ModelWeights
from octavo.engine.kernels.layout import GROUP_ROWS
from octavo.engine.kernels.weights import Weights
from octavo.engine.progress import Progress, Work

_SLAB_BYTES = 4 << 20

_Part = tuple[TensorInfo, Weights, int, int]


def _vector(checkpoint: Checkpoint, tensor: TensorInfo) -> npt.NDArray[np.float32]:
    values = decode(checkpoint.read(tensor.name), tensor.block_type).reshape(-1)
    padded = np.zeros(-(-len(values) // GROUP_ROWS) * GROUP_ROWS, np.float32)
    padded[: len(values)] = values
    return padded


def _parts(weights: dict[str, tuple[TensorInfo, Weights]]) -> Iterator[_Part]:
    for tensor, packed in weights.values():
        step = max(1, _SLAB_BYTES // (GROUP_ROWS * tensor.block_type.row_bytes(tensor.columns)))
        n_groups = packed.n_experts * packed.n_groups
        for first in range(0, n_groups, step):
            yield tensor, packed, first, min(first + step, n_groups)


def load_weights(checkpoint: Checkpoint, n_threads: int) -> Work[ModelWeights]:
    """Read and pack all tensors that are used; progress counts bytes.

    Raises
    ------
    UnreadableModel
        The file changed or was cut while it was read.
    """
    loaded = ModelWeights()
    pending: dict[str, tuple[TensorInfo, Weights]] = {}
    for tensor in used_tensors(checkpoint.hyperparameters, checkpoint.tensors):
        if len(tensor.shape) in (2, 3):  # matrices, and those of experts
            packed = Weights(tensor.block_type, *tensor.shape[-2:], *tensor.shape[:-2])
            pending[tensor.name] = (tensor, packed)
            loaded.matrices[tensor.name] = packed
        elif len(tensor.shape) == 1:
            loaded.vectors[tensor.name] = _vector(checkpoint, tensor)
    for name, vector in loaded.vectors.items():
        owner = loaded.matrices.get(name.removesuffix(".bias") + ".weight")
        if name.endswith(".bias") and owner is not None:
            owner.set_bias(vector[: owner.rows])

    def fill(part: _Part) -> tuple[str, int]:
        tensor, packed, first, last = part
        return tensor.name, packed.fill(lambda row, n: checkpoint.read(tensor.name, row, n), first, last)

    total = sum(tensor.n_bytes for tensor, _ in pending.values())
    done = 0
    parts = _parts(pending)
    with ThreadPoolExecutor(n_threads, thread_name_prefix="octavo-load") as pool:
        running = {pool.submit(fill, part) for part in islice(parts, 2 * n_threads)}
        try:
            while running:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name, n_bytes = future.result()
                    done += n_bytes
                    running |= {pool.submit(fill, part) for part in islice(parts, 1)}
                yield Progress(done, total, name)
        finally:
            for future in running:
                future.cancel()
    if not checkpoint.unchanged():
        raise UnreadableModel("The model's file changed while it was loaded.", "Load it again.")
    return loaded
