"""Matrix products by the program's own operations, and what they should give."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from tests.engine.kernels.programs import Floats, Grid, Machine, grid

from octavo.engine.kernels import state
from octavo.engine.kernels.weights import Weights


def packed_values(x: Floats) -> npt.NDArray[np.float64]:
    """What activations are after packing: 32 share a scale, kept in half precision."""
    groups = x.reshape(*x.shape[:-1], -1, 32)
    scales, q = packed_parts(groups)
    return (q * scales[..., None].astype(np.float64)).reshape(x.shape)


def packed_parts(groups: Floats) -> tuple[Floats, npt.NDArray[np.int32]]:
    """Scales and bytes of groups of 32."""
    largest = np.abs(groups).max(axis=-1)
    inverse = np.divide(np.float32(127), largest, where=largest > 0, out=np.zeros_like(largest))
    scales = (largest / np.float32(127)).astype(np.float16).astype(np.float32)
    return scales, np.rint(groups * inverse[..., None]).astype(np.int32)


def multiply(
    weights: Weights, x: Floats, *, before: Floats | None = None, n_threads: int = 1, first_logit: int = 0
) -> Floats:
    """``x`` times the matrix, float32[tokens, rows]; added to ``before`` if given."""
    n_tokens, columns = x.shape
    source, floats, records = grid(x), Grid(n_tokens, columns), Grid(n_tokens, 2 * columns // 4)
    out = Grid(n_tokens, weights.n_groups * 16)
    if before is not None:
        out.values[:, : weights.rows] = before
    is_float = int(weights.is_float)
    tail = state.TAIL if first_logit else 0
    with Machine(n_threads, max(columns, 32)) as machine:
        machine.add(
            state.PREPARE, source.address, source.stride, columns, 0, 0.0, floats.address, floats.stride,
            0 if is_float else records.address, records.stride, is_float, flags=tail | state.BARRIER_IF_MANY,
        )  # fmt: skip
        machine.add(
            state.LINEAR, floats.address, floats.stride, records.address, records.stride,
            int(before is not None), 1, weights.address, out.address, out.stride,
            flags=tail | state.BARRIER_AFTER,
        )  # fmt: skip
        assert machine.run(n_tokens, first_logit=first_logit)
    return out.values


def meaning(weights: Weights, matrix: npt.NDArray[np.float64], x: Floats) -> npt.NDArray[np.float64]:
    """What ``multiply`` should give, float64[tokens, rows]."""
    return (x.astype(np.float64) if weights.is_float else packed_values(x)) @ matrix.T


def bound(matrix: npt.NDArray[np.float64], x: Floats) -> npt.NDArray[np.float64]:
    """How far sums in float32 may be off: a millionth of the largest that they could be."""
    return 1e-6 * np.abs(x).sum(axis=1)[:, None] * np.abs(matrix).max(axis=1) + 1e-30


def activations(n_tokens: int, columns: int) -> Floats:
    """Tokens with quiet, loud and empty groups."""
    random = np.random.default_rng(n_tokens + columns)
    x = random.standard_normal((n_tokens, columns)).astype(np.float32)
    x[:, : columns // 2 : 37] *= 20
    x[0, :32] = 0
    x[-1, -32:] *= np.float32(1e-4)
    return x
