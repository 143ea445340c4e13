"""Activations packed for quantized weights, byte by byte, and normed on the way."""

import numpy as np
import pytest
from tests.engine.kernels.products import packed_parts
from tests.engine.kernels.programs import Grid, Machine, grid

from octavo.engine.kernels import state


def awkward_rows():
    random = np.random.default_rng(0)
    x = random.standard_normal((5, 96)).astype(np.float32)
    x[1, :32] = 0
    x[1, 32:64] = -3.25
    x[2] *= np.float32(1e-12)
    x[3] *= np.float32(1e6)
    x[4, ::2] = -0.0
    return x


def record(x, offset):
    """Records of float32[columns] as ``record.py`` describes them: uint8[columns / 32, 64]."""
    scales, q = packed_parts(x.reshape(-1, 32))
    with np.errstate(over="ignore"):
        sums = q.sum(axis=1).astype(np.int32)
        fields = [scales.view(np.int32), -sums, (scales * sums).astype(np.float32).view(np.int32)]
    fields += [-q[:, :16].sum(axis=1).astype(np.int32), -q[:, 16:].sum(axis=1).astype(np.int32)]
    made = np.zeros((len(scales), 64), np.uint8)
    made[:, :32] = (q + offset).astype(np.uint8)
    made[:, 32:52] = np.stack(fields, axis=1).astype(np.int32).view(np.uint8)
    return made


def prepared(x, *, weight=None, epsilon=1e-6, n_threads=1, first_logit=0):
    """Records and floats of all rows, as the first thread sees them."""
    n_tokens, columns = x.shape
    source, floats, records = grid(x), Grid(n_tokens, columns), Grid(n_tokens, columns // 2)
    with Machine(n_threads) as machine:
        machine.add(
            state.PREPARE, source.address, source.stride, columns,
            0 if weight is None else weight.ctypes.data, epsilon, floats.address, floats.stride,
            records.address, records.stride, 1,
            flags=state.BARRIER_AFTER | (state.TAIL if first_logit else 0),
        )  # fmt: skip
        assert machine.run(n_tokens, first_logit=first_logit)
        if n_tokens == 1:
            own = [(machine.records(columns // 32, t), machine.floats(columns, t)) for t in range(n_threads)]
            assert all((r == own[0][0]).all() and (f == own[0][1]).all() for r, f in own)
            return own[0][0][None].copy(), own[0][1][None].copy()
    found = records.values.copy().view(np.uint8).reshape(n_tokens, columns // 32, 64)
    return found, floats.values


def test_one_token_is_packed_by_every_thread_for_itself():
    for row in awkward_rows():
        found, floats = prepared(row[None], n_threads=3)

        assert (found[0][:, :52] == record(row, 0)[:, :52]).all()
        assert (floats[0] == row).all()


def test_many_tokens_are_packed_with_128_added():
    x = awkward_rows()

    found, floats = prepared(x, n_threads=2)

    assert all((found[t][:, :52] == record(x[t], 128)[:, :52]).all() for t in range(len(x)))
    assert (floats == x).all()


def test_a_last_token_alone_is_packed_without_the_128():
    x = awkward_rows()

    found, _ = prepared(x, first_logit=4)

    assert (found[4][:, :52] == record(x[4], 0)[:, :52]).all()
    assert (found[:4] == 0).all()


@pytest.mark.parametrize("columns", [32, 48 * 2, 576, 2048])
@pytest.mark.parametrize("n_tokens", [1, 4])
def test_rows_are_divided_by_their_root_mean_square(n_tokens, columns):
    random = np.random.default_rng(columns)
    x = random.standard_normal((n_tokens, columns)).astype(np.float32) * np.float32(30)
    weight = random.standard_normal(columns).astype(np.float32)

    found, floats = prepared(x, weight=weight, epsilon=1e-5)

    exact = x.astype(np.float64)
    wanted = exact / np.sqrt((exact**2).mean(axis=1, keepdims=True) + 1e-5) * weight
    assert (np.abs(floats - wanted) <= 1e-6 * np.abs(wanted)).all()
    offset = 128 if n_tokens > 1 else 0
    assert all((found[t][:, :52] == record(floats[t], offset)[:, :52]).all() for t in range(n_tokens))


def test_empty_rows_are_normed_to_nothing():
    x = np.zeros((1, 64), np.float32)

    _, floats = prepared(x, weight=np.ones(64, np.float32))

    assert (floats == 0).all()
