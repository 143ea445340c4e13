"""A model run layer by layer with one layer's weights in memory, and what goes into its matrices shown.

The operations are those of a ``Session``, written by the same family; they are cut at every product of activations
with matrices. All matrices are floats, so every product reads plain float32 activations, the same for all families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.codec import decode
from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.checkpoint.model import Hyperparameters, TensorInfo
from octavo.engine.checkpoint.needed_tensors import used_tensors
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.inference.families.registry import family
from octavo.engine.inference.memory import KvCache, ModelWeights, Rows, Workspace
from octavo.engine.inference.needed_kernels import entries_of
from octavo.engine.inference.program_builder import ProgramBuilder
from octavo.engine.inference.program_steps import Operations, Product, cut
from octavo.engine.inference.rope import chosen_factors
from octavo.engine.kernels import descriptor, experts, state
from octavo.engine.kernels.layout import GROUP_ROWS, MAX_BATCH, round_up
from octavo.engine.kernels.pool import Pool
from octavo.engine.kernels.weights import Weights, allocate
from octavo.engine.progress import Work
from octavo.engine.simd.compile_ahead import compile_ahead
from octavo.engine.simd.jit import Entry

Floats = npt.NDArray[np.float32]
# Called with a product and its inputs float32[tokens, columns], valid until it returns. Where something comes out of
# experts, the rows are those of tokens within experts, sorted by expert and then by token, and weighted by the router.
See = Callable[[Product, Floats], None]
_F32 = block_type("F32")
_GROUPS_AT_ONCE = 64
_CHOICE = np.dtype(
    [("expert", "<i8"), ("weight", "<f4"), ("unused", "<f4")]
)  # ``kernels.expert_layout.CHOICE``
_SCALE = 3  # the field of EMBED with its factor


def compile_layered(*more: Entry, has_experts: bool = False, types: Iterable[BlockType] = ()) -> Work[None]:
    """Compile those kernels of layered models, and of ``more``, that are not in the cache.

    Parameters
    ----------
    types : iterable of BlockType
        Those of matrices that are held as they are.
    """
    rare = experts.ENTRIES if has_experts else ()
    held = {each.name: each for each in (_F32, *map(_held, types))}
    yield from compile_ahead([*entries_of(held.values(), ["f32"]), *rare, *more], usable_threads())


def _held(given: BlockType) -> BlockType:
    """The type of floats in which a matrix of another type is the same."""
    return given if given.name in ("F16", "BF16") else _F32


class LayerSource(Protocol):
    """What of a checkpoint a layered model asks for; ``Checkpoint`` says what each member means."""

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The model's shape."""

    @property
    def tensors(self) -> Sequence[TensorInfo]:
        """All tensors."""

    def tensor(self, name: str) -> TensorInfo | None:
        """The tensor of that name, or None."""

    def read(self, name: str, first_row: int = 0, n_rows: int | None = None) -> npt.NDArray[np.uint8]:
        """Rows of a tensor as its blocks' bytes."""


class LentWeights(Weights):
    """A matrix of floats, or one for each expert, that takes memory only while its weights are needed."""

    def __init__(self, to: BlockType, rows: int, columns: int, n_experts: int = 1) -> None:
        super().__init__(to, rows, columns, n_experts)
        self.drop()

    def drop(self) -> None:
        """Give the memory back."""
        self._memory = allocate(1)

    def lend(self, read: Callable[[int, int], npt.NDArray[np.uint8]]) -> None:
        """Hold what ``read(first_row, n_rows)`` gives, as its bytes; rows of all experts counted together."""
        self._memory = allocate(self.n_bytes + 4096)
        places = np.arange(self.n_experts) * self.n_groups * self.group_bytes
        self._fields[descriptor.WEIGHTS // 8 :: descriptor.SIZE // 8] = self._memory.ctypes.data + places
        for group in range(0, self.n_experts * self.n_groups, _GROUPS_AT_ONCE):
            last = min(group + _GROUPS_AT_ONCE, self.n_experts * self.n_groups)
            self.fill(read, group, last)


class LayeredModel:
    """The layers of a model, to be run one after the other over the hidden states of many windows.

    Parameters
    ----------
    checkpoint : LayerSource
    window_tokens : int
        The most tokens of a window, 2 to 512.
    n_threads : int
        0 for all usable cores.
    is_fixed : bool
        Whether no other weights than the source's own will be lent. What has 16 bits is then held in 16, which
        gives the same results: it becomes float32 when it is used.

    Raises
    ------
    UnsupportedModel
        An architecture without a family.
    """

    def __init__(
        self,
        checkpoint: LayerSource,
        window_tokens: int = MAX_BATCH,
        n_threads: int = 0,
        *,
        is_fixed: bool = False,
    ) -> None:
        self.shape = checkpoint.hyperparameters
        self.window_tokens = window_tokens
        self._checkpoint = checkpoint
        self._is_fixed = is_fixed
        n_threads = min(n_threads or usable_threads(), state.MAX_THREADS)
        self._workspace = Workspace(self.shape, window_tokens, n_threads)
        self._cache = KvCache(self.shape, window_tokens, "f32", is_lent=True)
        self._vectors: dict[str, Floats] = {}
        self._matrices: dict[str, LentWeights] = {}
        weights = self._lent_weights()
        self._builder = ProgramBuilder(self.shape, weights, self._workspace, self._cache)
        factors = chosen_factors(self.shape, self._vectors, window_tokens)
        family(self.shape.architecture)(self._builder, factors)
        program = self._builder.program()
        self._steps = cut(
            program,
            {each.address: name for name, each in self._matrices.items()},
            {each.ctypes.data: name for name, each in weights.vectors.items()},
        )
        self._embed_scale = program[0].view(np.float32)[state.field(_SCALE) // 4]
        self._pool = Pool(n_threads)
        self._pool.set(state.THREADS, self._workspace.threads)
        self._pool.set(state.FIRST_POSITION, 0)
        self._pool.set(state.FIRST_LOGIT, 0)
        self._execute(self._steps.start, window_tokens)

    def _lent_weights(self) -> ModelWeights:
        weights = ModelWeights()
        for tensor in used_tensors(self.shape, self._checkpoint.tensors):
            if len(tensor.shape) in (2, 3):  # matrices, and those of experts
                held = _held(tensor.block_type) if self._is_fixed else _F32
                self._matrices[tensor.name] = LentWeights(held, *tensor.shape[-2:], *tensor.shape[:-2])
                weights.matrices[tensor.name] = self._matrices[tensor.name]
            elif len(tensor.shape) == 1:
                padded = np.zeros(round_up(tensor.columns, GROUP_ROWS), np.float32)
                weights.vectors[tensor.name] = padded
                self._vectors[tensor.name] = padded[: tensor.columns]
                self._vectors[tensor.name][...] = self.read(tensor.name)[0]
        for name, vector in self._vectors.items():
            owner = self._matrices.get(name.removesuffix(".bias") + ".weight")
            if name.endswith(".bias") and owner is not None:
                owner.set_bias(vector)
        return weights

    def close(self) -> None:
        """End the threads."""
        self._pool.close()

    def products(self, layer: int) -> list[Product]:
        """Where the layer's matrices are used, in order."""
        return [each.product for each in self._steps.layers[layer] if each.product]

    def has(self, name: str) -> bool:
        """Whether the model has a matrix of that name."""
        return name in self._matrices

    def vector(self, name: str) -> Floats:
        """The weights of a norm or another vector, float32[n]; what is written here counts from then on."""
        return self._vectors[name]

    def read(self, name: str) -> Floats:
        """The source's weights of a tensor, float32[rows, columns]."""
        tensor = self._checkpoint.tensor(name)
        assert tensor is not None  # names come from the program
        return decode(self._checkpoint.read(name), tensor.block_type)

    def lend(self, name: str, weights: Floats) -> None:
        """Use float32[rows, columns] as a matrix until it is dropped."""
        assert not self._is_fixed  # as was said when it was made
        self._matrices[name].lend(lambda row, n: np.ascontiguousarray(weights[row : row + n]).view(np.uint8))

    def lend_layer(self, layer: int) -> None:
        """Use the source's own matrices of a layer until they are dropped."""
        for name in dict.fromkeys(name for each in self.products(layer) for name in each.tensors):
            self._matrices[name].lend(partial(self._held_rows, name))

    def _held_rows(self, name: str, first_row: int, n_rows: int) -> npt.NDArray[np.uint8]:
        tensor = self._checkpoint.tensor(name)
        assert tensor is not None  # names come from the program
        if tensor.block_type == self._matrices[name].block_type:
            return self._checkpoint.read(name, first_row, n_rows)
        return np.ascontiguousarray(self.rows(name, first_row, n_rows)).view(np.uint8)

    def rows(self, name: str, first_row: int, n_rows: int) -> Floats:
        """The source's weights of some rows of a tensor, float32[rows, columns]."""
        tensor = self._checkpoint.tensor(name)
        assert tensor is not None  # names come from the program
        return decode(self._checkpoint.read(name, first_row, n_rows), tensor.block_type)

    def drop(self, layer: int) -> None:
        """Give the memory of a layer's matrices back."""
        for product in self.products(layer):
            for name in product.tensors:
                self._matrices[name].drop()

    def embed(self, ids: npt.NDArray[np.int64]) -> Floats:
        """The residual stream before the first layer, float32[tokens, n_embedding]."""
        kinds, where = np.unique(ids, return_inverse=True)
        tensor = self._checkpoint.tensor("token_embd.weight")
        assert tensor is not None  # every family begins with it
        rows = [decode(self._checkpoint.read(tensor.name, int(n), 1), tensor.block_type) for n in kinds]
        found: Floats = np.concatenate(rows)[where] * self._embed_scale
        return found

    def run(self, layer: int, hidden: Floats, see: See | None = None) -> None:
        """Run a layer over one window; its matrices must have been lent.

        Parameters
        ----------
        hidden : float32[tokens, n_embedding]
            The residual stream before the layer; after it when this returns.
        see : callable, optional
            Shown what goes into each product.
        """
        residual = _floats(self._workspace.residual, *hidden.shape)
        residual[...] = hidden
        for step in self._steps.layers[layer]:
            self._execute(step.program, len(hidden))
            if step.product and see is not None:
                see(step.product, self._inputs(step.product, len(hidden)))
        hidden[...] = residual

    def follow(self, layer: int, product: int, inputs: Floats) -> Floats:
        """What goes into the layer's next product, float32[tokens, columns], if ``inputs`` go into this one.

        Only for products whose results stay within the layer: queries, keys and values, gate and up.
        """
        before, after = self._steps.layers[layer][product : product + 2]
        assert before.product is not None  # only the last step has none
        assert after.product is not None
        _floats(self._workspace.floats, *inputs.shape)[...] = inputs
        self._execute(after.program, len(inputs))
        columns = self._matrices[after.product.tensors[0]].columns
        return _floats(self._workspace.floats, len(inputs), columns).copy()

    def _inputs(self, product: Product, n_tokens: int) -> Floats:
        columns = self._matrices[product.tensors[0]].columns
        if product.experts != "out":
            return _floats(self._workspace.floats, n_tokens, columns)
        assert self._workspace.experts is not None  # there is no such product without
        return _floats(self._workspace.experts.inner, n_tokens * self.shape.n_experts_used, columns)

    def choices(self, n_tokens: int) -> tuple[npt.NDArray[np.int64], Floats]:
        """Which experts the router of the layer that runs chose for each token of a window, and their weights.

        Returns
        -------
        int64[tokens, used], float32[tokens, used]
        """
        assert self._workspace.experts is not None  # asked at a product of experts
        rows, n_used = self._workspace.experts.choices, self.shape.n_experts_used
        raw = rows.memory[: n_tokens * rows.stride].reshape(n_tokens, rows.stride)
        found = np.ascontiguousarray(raw[:, : n_used * _CHOICE.itemsize]).view(_CHOICE)
        return found["expert"].copy(), found["weight"].copy()

    def _execute(self, program: Operations, n_tokens: int) -> None:
        self._pool.set(state.N_TOKENS, n_tokens)
        self._pool.set(state.PROGRAM, int(program.ctypes.data))
        self._pool.run()


def _floats(rows: Rows, n: int, columns: int) -> Floats:
    """The first rows of a working buffer, float32[n, columns]."""
    grid = rows.memory[: n * rows.stride].view(np.float32).reshape(n, -1)
    return grid[:, :columns]
