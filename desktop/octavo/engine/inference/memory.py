"""The memory of a loaded model: packed weights, the KV cache, and the working buffers."""

from __future__ import annotations

import hashlib
import mmap
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.model import Hyperparameters
from octavo.engine.errors import UnsupportedModel
from octavo.engine.kernels import attention_tile, layout, state
from octavo.engine.kernels.expert_layout import blocks_bytes, choices_bytes
from octavo.engine.kernels.weights import Weights, allocate


class ModelWeights:
    """All tensors of a model by name: matrices packed, vectors as float32."""

    def __init__(self) -> None:
        self.matrices: dict[str, Weights] = {}
        self.vectors: dict[str, npt.NDArray[np.float32]] = {}

    def matrix(self, *names: str) -> Weights:
        """The first of the named matrices that the model has."""
        for name in names:
            if name in self.matrices:
                return self.matrices[name]
        raise UnsupportedModel(f"The model has no tensor {names[0]!r}.")

    def vector(self, name: str) -> int:
        """The address of float32[n]."""
        if name not in self.vectors:
            raise UnsupportedModel(f"The model has no tensor {name!r}.")
        return int(self.vectors[name].ctypes.data)

    def fingerprint(self) -> str:
        """A hash of all vectors and of the first rows of each matrix: what tells two models apart."""
        digest = hashlib.sha256()
        for name, vector in self.vectors.items():
            digest.update(name.encode() + vector.tobytes())
        for name, matrix in self.matrices.items():
            digest.update(f"{name} {matrix.block_type.name} {matrix.rows} {matrix.columns}".encode())
            digest.update(matrix.first_group())
        return digest.hexdigest()

    @property
    def n_bytes(self) -> int:
        """Bytes of all of them."""
        matrices = sum(each.n_bytes for each in self.matrices.values())
        return matrices + sum(each.nbytes for each in self.vectors.values())

    def bytes_per_token(self, n_experts_used: int) -> int:
        """Packed bytes that one new token reads: none of an embedding beside an output matrix, or of unused experts."""
        total = sum(each.nbytes for each in self.vectors.values())
        for name, matrix in self.matrices.items():
            if name == "token_embd.weight" and "output.weight" in self.matrices:
                continue
            share = min(1.0, n_experts_used / matrix.n_experts) if matrix.n_experts > 1 else 1.0
            total += int(matrix.n_bytes * share)
        return total


class KvCache:
    """Keys and values of all layers.

    Parameters
    ----------
    shape : Hyperparameters
    context_tokens : int
    kv_type : str
        ``f16``, ``q8_0``, or ``f32`` where exactness counts.
    is_lent : bool
        Whether one memory serves all layers, each while it runs over the whole text.
    """

    def __init__(
        self, shape: Hyperparameters, context_tokens: int, kv_type: str, *, is_lent: bool = False
    ) -> None:
        self.kind = {"f16": attention_tile.F16, "q8_0": attention_tile.Q8_0, "f32": attention_tile.F32}[
            kv_type
        ]
        self.context_tokens = context_tokens
        whole = layout.largest_layer_cache_bytes if is_lent else layout.kv_cache_bytes
        self._memory = allocate(whole(shape, context_tokens, kv_type))
        self._capacities = [
            layout.layer_cache_positions(shape, n, context_tokens) for n in range(shape.n_layers)
        ]
        self._n_kv_heads = shape.n_kv_heads
        self._key_bytes = layout.cache_vector_bytes(shape.key_size, kv_type)
        self._value_bytes = layout.cache_vector_bytes(shape.value_size, kv_type)
        self._keys, self._values = [], []
        at = int(self._memory.ctypes.data)
        for layer, capacity in enumerate(self._capacities):
            positions = capacity * shape.n_kv_heads[layer]
            self._keys.append(at)
            self._values.append(at + positions * self._key_bytes)
            if not is_lent:
                at += positions * (self._key_bytes + self._value_bytes)
        for part in self.used_parts(layout.batch_tokens(context_tokens)):
            _take_pages(np.frombuffer(part, np.uint8))

    def keys(self, layer: int) -> int:
        """The address of a layer's keys."""
        return self._keys[layer]

    def values(self, layer: int) -> int:
        """The address of a layer's values."""
        return self._values[layer]

    def capacity(self, layer: int) -> int:
        """Positions that a layer's ring holds."""
        return self._capacities[layer]

    def used_parts(self, n_written: int) -> list[memoryview]:
        """The bytes that hold the first ``n_written`` positions, or the whole ring where it has been filled."""
        memory = memoryview(self._memory.data)
        base = int(self._memory.ctypes.data)
        parts = []
        for layer, capacity in enumerate(self._capacities):
            # Keys lie in blocks of positions, so whole blocks are used; the values' remainder costs little.
            used = min(capacity, layout.round_up(n_written, layout.KEY_BLOCK))
            for start, vector_bytes in (
                (self._keys[layer] - base, self._key_bytes),
                (self._values[layer] - base, self._value_bytes),
            ):
                for head in range(self._n_kv_heads[layer]):
                    at = start + head * capacity * vector_bytes
                    parts.append(memory[at : at + used * vector_bytes])
        return parts

    def earliest_kept(self, n_written: int) -> int:
        """The shortest prefix to which a cache of ``n_written`` positions can be cut, beside 0 and all."""
        shortest = min(self._capacities)
        return 0 if n_written <= shortest else n_written - layout.batch_tokens(self.context_tokens)


@dataclass(frozen=True)
class Rows:
    """A buffer with one row for each token of a batch."""

    memory: npt.NDArray[np.uint8]
    stride: int

    @property
    def address(self) -> int:
        """The first row's address."""
        return int(self.memory.ctypes.data)

    def place(self) -> tuple[int, int]:
        """Address, and bytes from row to row."""
        return self.address, self.stride


def make_rows(n_rows: int, row_bytes: int) -> Rows:
    """A zeroed buffer whose rows begin at cache lines, and not all in the same cache set; its pages taken at once."""
    stride = layout.round_up(row_bytes, layout.CACHE_LINE)
    if stride % 4096 == 0:
        stride += layout.CACHE_LINE
    memory = allocate(n_rows * stride)
    _take_pages(memory)
    return Rows(memory, stride)


def _take_pages(memory: npt.NDArray[np.uint8]) -> None:
    """Take the pages of fresh memory from the system: while a model is loaded nobody waits for them.

    In the first prompt all threads meet them at once and wait for each other: it took a quarter longer than the second.
    """
    memory[:: mmap.PAGESIZE] = 0


class ExpertRows:
    """What a mixture of experts needs between operations: for each token, and for each way of one through an expert.

    Parameters
    ----------
    shape : Hyperparameters
    batch : int
        Tokens.
    """

    def __init__(self, shape: Hyperparameters, batch: int) -> None:
        sizes = layout.expert_sizes(shape)
        n_rows = batch * shape.n_experts_used
        self.router = make_rows(batch, sizes.router)
        self.choices = make_rows(batch, sizes.choices)
        self.floats = make_rows(n_rows, sizes.floats)
        self.records = make_rows(n_rows, sizes.records)
        self.inner = make_rows(n_rows, sizes.inner)


class Workspace:
    """The buffers between operations.

    Parameters
    ----------
    shape : Hyperparameters
    context_tokens, n_threads : int
    """

    def __init__(self, shape: Hyperparameters, context_tokens: int, n_threads: int) -> None:
        sizes = layout.working_sizes(shape)
        self.batch = layout.batch_tokens(context_tokens)
        self.residual = make_rows(self.batch, 4 * sizes.residual)
        self.branch = make_rows(self.batch, 4 * sizes.residual)
        self.heads = make_rows(self.batch, 4 * sizes.heads)
        self.attention = make_rows(self.batch, 4 * sizes.attention)
        self.feed_forward = make_rows(self.batch, 4 * sizes.feed_forward)
        self.floats = make_rows(self.batch, 4 * sizes.widest)
        self.records = make_rows(self.batch, layout.activation_row_bytes(sizes.widest))
        self.experts = ExpertRows(shape, self.batch) if shape.n_experts else None
        self.logits = make_rows(1, 4 * layout.round_up(shape.n_vocabulary, layout.GROUP_ROWS))
        self._tables: list[Rows] = []
        part = 64 + 4 * shape.value_size
        self._parts = allocate(max(shape.n_heads) * layout.MAX_SPLITS * part)
        self._threads = np.zeros(n_threads * state.THREAD_BYTES // 8, np.int64)
        self._own: list[npt.NDArray[np.uint8]] = []
        for thread in range(n_threads):
            buffers = {
                state.T_RECORDS: allocate(layout.activation_row_bytes(sizes.widest)),
                state.T_FLOATS: allocate(4 * sizes.widest),
                state.T_PANELS: allocate(4 * layout.panel_bytes(sizes.widest)),
                state.T_SCORES: allocate(8 * (4 * 128 + part)),
            }
            if shape.n_experts:
                n_bytes = choices_bytes(shape.n_experts, shape.n_experts_used, self.batch)
                buffers[state.T_CHOICES] = allocate(n_bytes)
                buffers[state.T_BLOCKS] = allocate(blocks_bytes(self.batch))
            for offset, buffer in buffers.items():
                self._threads[(thread * state.THREAD_BYTES + offset) // 8] = buffer.ctypes.data
            self._own += buffers.values()

    @property
    def parts(self) -> int:
        """The address of the pieces of attention that threads leave for one another."""
        return int(self._parts.ctypes.data)

    @property
    def threads(self) -> int:
        """The address of the thread records."""
        return int(self._threads.ctypes.data)

    def rope_table(self, n_pairs: int) -> Rows:
        """A new table of cosines and sines."""
        table = make_rows(self.batch, 8 * n_pairs)
        self._tables.append(table)
        return table
