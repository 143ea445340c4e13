"""Writes a model's operations: what a family says in its file, in the fields that compiled code reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.model import Hyperparameters
from octavo.engine.inference.memory import KvCache, ModelWeights, Workspace
from octavo.engine.kernels import expert_choice, experts, state, whole_rows
from octavo.engine.kernels.attention import ATTEND_ENTRIES
from octavo.engine.kernels.weights import Weights
from octavo.engine.simd.jit import Entry

SILU, GELU = 0, 1
NO_ROPE = (0, 0, 0)
"""A table for heads that are not turned."""


class ProgramBuilder:
    """Collects the operations of one model, in order.

    Parameters
    ----------
    shape : Hyperparameters
    weights : ModelWeights
    workspace : Workspace
        The working buffers.
    cache : KvCache
    """

    def __init__(
        self, shape: Hyperparameters, weights: ModelWeights, workspace: Workspace, cache: KvCache
    ) -> None:
        self.shape = shape
        self._weights = weights
        self._work = workspace
        self._cache = cache
        self._operations: list[npt.NDArray[np.int64]] = []
        self._kept: list[npt.NDArray[np.generic]] = []
        self.logits_operations: list[int] = []

    def _add(self, code: int, flags: int, fields: Sequence[int | float]) -> int:
        """Append an operation; floats go in as float32."""
        operation = np.zeros(state.OPERATION_BYTES // 8, np.int64)
        operation[0], operation[1] = code, flags
        floats = operation.view(np.float32)
        for n, value in enumerate(fields):
            at = state.field(n)
            if isinstance(value, float):
                floats[at // 4] = value
            else:
                operation[at // 8] = value
        self._operations.append(operation)
        return len(self._operations) - 1

    def program(self) -> npt.NDArray[np.int64]:
        """All operations and the end, int64[n, fields]."""
        self._add(state.END, 0, [])
        return np.ascontiguousarray(np.stack(self._operations))

    def embed(self, scale: float = 1.0) -> None:
        """Begin: the rows of the tokens become the residual stream."""
        w = self._work
        fields = [self._weights.matrix("token_embd.weight").address, *w.residual.place(), float(scale)]
        self._add(state.EMBED, state.BARRIER_AFTER, fields)

    def rope(self, frequencies: npt.NDArray[np.float64], magnitude: float = 1.0) -> tuple[int, int, int]:
        """Tables of cosines and sines for the run's positions; give the result to ``heads``."""
        n = len(frequencies)
        table = self._work.rope_table(n)
        self._kept.append(frequencies)
        fields = [int(frequencies.ctypes.data), n, *table.place(), float(magnitude)]
        self._add(state.ROPE_TABLE, state.BARRIER_AFTER, fields)
        return (*table.place(), n)

    def _prepare(
        self, code: int, source: tuple[int, int], n: int, norm: str, users: Sequence[Weights], flags: int
    ) -> None:
        w = self._work
        needs_floats = any(each.is_float for each in users)
        needs_records = not all(each.is_float for each in users)
        records = w.records.place() if needs_records else (0, 0)
        weight = self._weights.vector(norm) if norm else 0
        fields = [
            *source,
            n,
            weight,
            float(self.shape.norm_epsilon),
            *w.floats.place(),
            *records,
            int(needs_floats),
        ]
        self._add(code, flags | state.BARRIER_IF_MANY, fields)

    def _inputs(self) -> list[int]:
        return [*self._work.floats.place(), *self._work.records.place()]

    def attention_input(self, layer: int, norm: str) -> None:
        """Norm the residual stream (if ``norm``) and multiply it by the layer's q, k and v, or by the three in one."""
        w = self._work
        parts = ("qkv",) if f"blk.{layer}.attn_qkv.weight" in self._weights.matrices else ("q", "k", "v")
        matrices = [self._weights.matrix(f"blk.{layer}.attn_{each}.weight") for each in parts]
        self._prepare(state.PREPARE, w.residual.place(), self.shape.n_embedding, norm, matrices, 0)
        outputs = self._head_places(layer)
        fields = [*self._inputs(), 0, len(parts)]
        # Heads are whole groups of rows, so what one matrix leaves is where the three would leave it.
        for matrix, out in zip(matrices, outputs, strict=False):
            fields += [matrix.address, out, w.heads.stride]
        self._add(state.LINEAR, state.BARRIER_AFTER, fields)

    def _head_places(self, layer: int) -> tuple[int, int, int]:
        q = self._work.heads.address
        k = q + 4 * _pad(self.shape.n_heads[layer] * self.shape.key_size)
        return q, k, k + 4 * _pad(self.shape.n_kv_heads[layer] * self.shape.key_size)

    def norm_all_heads(self, layer: int, q_norm: str, k_norm: str) -> None:
        """Norm all heads of q together, and all of k, before ``attention``."""
        s = self.shape
        q, k, _ = self._head_places(layer)
        fields: list[int | float] = [self._work.heads.stride, float(s.norm_epsilon)]
        fields += [q, s.n_heads[layer] * s.key_size, self._weights.vector(q_norm)]
        fields += [k, s.n_kv_heads[layer] * s.key_size, self._weights.vector(k_norm)]
        self._call(whole_rows.norm_rows, state.BARRIER_AFTER, fields)

    def attention(
        self,
        layer: int,
        table: tuple[int, int, int],
        *,
        scale: float,
        is_interleaved: bool = False,
        q_norm: str = "",
        k_norm: str = "",
        window: int = 0,
        soft_cap: float = 0.0,
    ) -> None:
        """Turn the heads to their positions (not with ``NO_ROPE``), cache keys and values, and attend."""
        s, w, cache = self.shape, self._work, self._cache
        q, k, v = self._head_places(layer)
        norms = [self._weights.vector(each) if each else 0 for each in (q_norm, k_norm)]
        kept = [cache.keys(layer), cache.values(layer), cache.capacity(layer), cache.kind]
        sizes = [s.n_heads[layer], s.n_kv_heads[layer], s.key_size, s.value_size]
        fields: list[int | float] = [q, k, v, w.heads.stride, *sizes, *table, int(is_interleaved)]
        fields += [*norms, float(s.norm_epsilon), *kept]
        self._add(state.HEADS, state.BARRIER_AFTER, fields)
        if s.query_growth and cache.context_tokens > s.rope_original_context:
            self._grow_queries(q, s.n_heads[layer] * s.key_size)
        fields = [q, w.heads.stride, *sizes, *kept, window, float(scale), float(soft_cap)]
        fields += [*w.attention.place(), w.parts, ATTEND_ENTRIES[cache.kind].address]
        self._add(state.ATTEND, state.BARRIER_AFTER, fields)

    def _grow_queries(self, q: int, n: int) -> None:
        """Multiply queries by the factor of the stretch that their position is in."""
        s = self.shape
        length = s.rope_original_context or s.context_length
        stretches = np.arange(self._cache.context_tokens // length + 1)
        factors = (1 + s.query_growth * np.log1p(stretches)).astype(np.float32)
        self._kept.append(factors)
        fields = [q, self._work.heads.stride, n, int(factors.ctypes.data), length]
        self._call(whole_rows.grow_rows, state.BARRIER_AFTER, fields)

    def attention_output(self, layer: int, post_norm: str = "") -> None:
        """Multiply the attended values by the output matrix and add them to the residual stream."""
        matrix = self._weights.matrix(f"blk.{layer}.attn_output.weight")
        n = self.shape.n_heads[layer] * self.shape.value_size
        self._prepare(state.PREPARE_HEADS, self._work.attention.place(), n, "", [matrix], 0)
        self._add_to_residual(matrix, post_norm)

    def feed_forward(self, layer: int, norm: str, kind: int = SILU, post_norm: str = "") -> None:
        """The gated feed-forward network of a layer, or its experts, added to the residual stream."""
        if self.shape.n_experts:
            self._experts_feed_forward(layer, norm, kind)
            return
        up, down = (self._weights.matrix(f"blk.{layer}.ffn_{each}.weight") for each in ("up", "down"))
        gate = self._weights.matrices.get(f"blk.{layer}.ffn_gate.weight", up)  # None: up holds both.
        w = self._work
        self._prepare(state.PREPARE, w.residual.place(), self.shape.n_embedding, norm, [gate, up], 0)
        n = self.shape.n_feed_forward[layer]
        gate_out = w.feed_forward.address
        up_out = gate_out + 4 * _pad(n)
        fields = [*self._inputs(), gate.address, up.address, gate_out, up_out, w.feed_forward.stride, kind]
        self._add(state.GATED, state.BARRIER_AFTER, fields)
        self._prepare(state.PREPARE, w.feed_forward.place(), n, "", [down], 0)
        self._add_to_residual(down, post_norm)

    def _experts_feed_forward(self, layer: int, norm: str, kind: int) -> None:
        """The feed-forward networks of a layer that its router chooses, added to the residual stream."""
        s, w = self.shape, self._work
        assert w.experts is not None  # the workspace is made for the same shape
        names = (
            f"blk.{layer}.ffn_{each}.weight" for each in ("gate_inp", "gate_exps", "up_exps", "down_exps")
        )
        router, gate, up, down = map(self._weights.matrix, names)
        self._prepare(state.PREPARE, w.residual.place(), s.n_embedding, norm, [router, gate, up], 0)
        rows = w.experts
        fields = [*self._inputs(), 0, 1, router.address, *rows.router.place()]
        self._add(state.LINEAR, state.BARRIER_AFTER, fields)

        chosen = [s.n_experts, s.n_experts_used]
        fields = [*chosen, int(s.normalizes_experts), *rows.router.place(), *rows.choices.place()]
        self._call(expert_choice.route, state.BARRIER_IF_MANY, fields)
        floats = [*w.floats.place(), *rows.floats.place()]
        records = [*w.records.place(), *rows.records.place()]
        fields = [*chosen, *rows.choices.place(), s.n_embedding]
        fields += floats if gate.is_float or up.is_float else [0] * 4
        fields += [0] * 4 if gate.is_float and up.is_float else records
        self._call(expert_choice.gather, state.BARRIER_IF_MANY, fields)
        fields = [s.n_experts, gate.address, up.address, down.address]
        fields += [*rows.floats.place(), *rows.records.place(), *rows.inner.place(), kind]
        self._call(experts.experts_in, state.BARRIER_AFTER, fields)
        fields = [s.n_experts, down.address, *rows.inner.place(), *w.residual.place()]
        self._call(experts.experts_out, state.BARRIER_AFTER, fields)

    def _call(self, operation: Entry, flags: int, fields: Sequence[int | float]) -> int:
        """An operation that is an entry of its own."""
        return self._add(state.CALL, flags, [operation.address, *fields])

    def _add_to_residual(self, matrix: Weights, post_norm: str) -> None:
        w, scale = self._work, self.shape.residual_scale
        is_plain = not post_norm and scale == 1
        target = w.residual if is_plain else w.branch
        fields = [*self._inputs(), int(is_plain), 1, matrix.address, *target.place()]
        self._add(state.LINEAR, state.BARRIER_AFTER, fields)
        if post_norm:
            norm = [self.shape.n_embedding, self._weights.vector(post_norm), float(self.shape.norm_epsilon)]
            self._add(state.NORM_ADD, state.BARRIER_AFTER, [*w.branch.place(), *norm, *w.residual.place()])
        elif not is_plain:
            scaled = [*w.branch.place(), self.shape.n_embedding, float(scale), *w.residual.place()]
            self._call(whole_rows.scale_add, state.BARRIER_AFTER, scaled)

    def logits(self, norm: str, soft_cap: float = 0.0) -> None:
        """End: norm the last tokens and multiply them by the vocabulary."""
        head = self._weights.matrix("output.weight", "token_embd.weight")
        w = self._work
        self._prepare(state.PREPARE, w.residual.place(), self.shape.n_embedding, norm, [head], state.TAIL)
        fields = [*self._inputs(), 0, 1, head.address, *w.logits.place()]
        flags = state.TAIL | state.BARRIER_AFTER
        self.logits_operations.append(self._add(state.LINEAR, flags, fields))
        if self.shape.logit_scale != 1:
            scaled = [*w.logits.place(), self.shape.n_vocabulary, 1 / self.shape.logit_scale]
            self.logits_operations.append(self._call(whole_rows.scale_logits, flags, scaled))
        if soft_cap:
            cap = [*w.logits.place(), self.shape.n_vocabulary, float(soft_cap)]
            self.logits_operations.append(self._add(state.SOFT_CAP, flags, cap))


def _pad(n: int) -> int:
    """Rows of a matrix product's result: whole groups."""
    return -(-n // 16) * 16
